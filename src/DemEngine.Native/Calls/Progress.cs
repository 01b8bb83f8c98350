using DemEngine.Merging.Options;

namespace DemEngine.Native.Calls;

/// <summary>A call's progress: the caller is told of it, and may stop the call.</summary>
/// <param name="told">The caller's function, which returns whether to go on; null for none.</param>
internal sealed class Progress(Func<RunProgress, bool>? told) : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>Token that the caller's function cancels.</summary>
    public CancellationToken Cancel => _source.Token;

    /// <summary>Tells the caller, unless the call is to stop already.</summary>
    public Action<RunProgress>? Report => told is null ? null : progress =>
    {
        if (!_source.IsCancellationRequested && !told(progress))
            _source.Cancel();
    };

    public void Dispose() => _source.Dispose();
}
