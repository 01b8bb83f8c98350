using System.Runtime.ExceptionServices;

namespace DemEngine.Memory;

/// <summary>Runs one loop on several threads. The first failure stops all of them and is thrown to the caller.</summary>
internal static class WorkerThreads
{
    /// <summary>Runs the loop and returns once every thread has left it.</summary>
    /// <param name="count">Number of threads.</param>
    /// <param name="loop">
    /// Loop, called with the thread's index from 0; it works until nothing is left or its token says to stop.
    /// </param>
    /// <param name="cancel">Token that stops all threads from outside.</param>
    /// <exception cref="OperationCanceledException">The run was stopped from outside.</exception>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system starts no more threads.</exception>
    public static void Run(int count, Action<int, CancellationToken> loop, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        ExceptionDispatchInfo? failure = null;

        void Work(int index) => Try(() => loop(index, stop.Token));

        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                // Later failures are mere consequences of the first one.
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
                stop.Cancel();
            }
        }

        // Threads that have been started end before this returns, in any case.
        var threads = new List<Thread>(count - 1);
        Try(() =>
        {
            for (int k = 1; k < count; k++)
            {
                int index = k;
                threads.Add(StartedThread.Start($"tiles {k}", () => Work(index)));
            }
        });
        if (threads.Count == count - 1)
            Work(0);
        foreach (Thread thread in threads)
            thread.Join();

        cancel.ThrowIfCancellationRequested();
        failure?.Throw();
    }
}
