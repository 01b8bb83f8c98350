using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>Evaluates the candidates of a list, several at the same time, beginning them in the list's order.</summary>
internal sealed class ParallelTrials : IDisposable
{
    private readonly Dictionary<Coefficients, int> _index;
    private readonly TaskCompletionSource<Trial?>[] _results;
    private readonly CancellationTokenSource _stop;
    private readonly Task[] _workers;
    private readonly Lock _lock = new(); // Re-entered when a worker finds nothing to begin.
    private bool _isClosed;
    private int _begun;

    /// <param name="candidates">Candidates to evaluate, all different; the first one always begins.</param>
    /// <param name="jobs">Number of candidates to evaluate at the same time.</param>
    /// <param name="mayBegin">Whether another candidate may begin.</param>
    /// <param name="evaluate">
    /// Evaluates a candidate, given its index in the list and the number of the worker, from 0; called on several threads.
    /// </param>
    /// <param name="cancel">Token that stops all evaluations.</param>
    public ParallelTrials(
        IReadOnlyList<Coefficients> candidates,
        int jobs,
        Func<bool> mayBegin,
        Func<Coefficients, int, int, CancellationToken, Trial> evaluate,
        CancellationToken cancel)
    {
        _index = candidates.Index().ToDictionary(one => one.Item, one => one.Index);
        _results =
        [
            .. candidates.Select(_ =>
                new TaskCompletionSource<Trial?>(TaskCreationOptions.RunContinuationsAsynchronously)),
        ];
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);

        // The first candidate is begun here, so that it is evaluated whatever the time. A worker has a thread of its own: it
        // waits for an external program.
        _begun = 1;
        _workers =
        [
            .. Enumerable.Range(0, Math.Min(jobs, candidates.Count)).Select(slot => Task.Factory.StartNew(
                () => Work(slot), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];

        void Work(int slot)
        {
            for (int index = slot == 0 ? 0 : Next(); index >= 0; index = Next())
            {
                try
                {
                    _results[index].SetResult(evaluate(candidates[index], index, slot, _stop.Token));
                }
                catch (Exception e)
                {
                    // The one who waits for the candidate gets the error, whatever it is. Nothing is begun after it.
                    _results[index].SetException(e);
                    Close();
                }
            }
        }

        int Next()
        {
            lock (_lock)
            {
                if (!_isClosed && !_stop.IsCancellationRequested && _begun < candidates.Count && mayBegin())
                    return _begun++;
                Close();
                return -1;
            }
        }
    }

    /// <summary>Whether the evaluation of a candidate has begun.</summary>
    public bool IsBegun(Coefficients candidate)
    {
        lock (_lock)
            return _index.TryGetValue(candidate, out int index) && index < _begun;
    }

    /// <summary>Waits for a candidate; null if it is not in the list, or did not begin.</summary>
    /// <exception cref="DemException">Its evaluation ended with an error that would occur with every candidate.</exception>
    public Trial? Wait(Coefficients candidate) =>
        _index.TryGetValue(candidate, out int index) ? _results[index].Task.GetAwaiter().GetResult() : null;

    /// <summary>Waits for the candidates that have begun, and lets no other begin. Their errors are not thrown.</summary>
    public void Finish()
    {
        Close();
        Task.WaitAll(_workers);
        _stop.Dispose();
        foreach (TaskCompletionSource<Trial?> result in _results)
            _ = result.Task.Exception;
    }

    /// <summary>Stops the candidates that have begun.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        Finish();
    }

    private void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (TaskCompletionSource<Trial?> result in _results.Skip(_begun))
                result.TrySetResult(null);
        }
    }
}
