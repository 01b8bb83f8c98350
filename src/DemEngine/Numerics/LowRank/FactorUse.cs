namespace DemEngine.Numerics.LowRank;

/// <summary>A factor in use: its numbers stay as they are until the use ends.</summary>
/// <param name="factor">The factor.</param>
/// <param name="end">Called when the use ends; null where the factor is nobody else's.</param>
internal sealed class FactorUse(PackedFactor factor, Action? end = null) : IDisposable
{
    private Action? _end = end;

    /// <summary>The factor.</summary>
    public PackedFactor Factor => factor;

    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
