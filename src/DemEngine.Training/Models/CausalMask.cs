using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The mask added to attention scores so that no position sees a later one: 0, or −∞ where the key comes after the query.
/// </summary>
/// <param name="type">Element type of the scores.</param>
/// <param name="device">Device of the scores.</param>
internal sealed class CausalMask(ScalarType type, Device device) : IDisposable
{
    private Tensor? _largest;

    /// <summary>Returns the mask of sequences of a given length.</summary>
    /// <param name="length">Number of positions.</param>
    /// <returns>Mask [length, length], query by key. The caller must not dispose it.</returns>
    public Tensor Of(long length)
    {
        if (_largest is null || _largest.shape[0] < length)
        {
            _largest?.Dispose();
            _largest = full(length, length, double.NegativeInfinity, type, device).triu(1).DetachFromDisposeScope();
        }

        return _largest.narrow(0, 0, length).narrow(1, 0, length);
    }

    public void Dispose() => _largest?.Dispose();
}
