using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>What is added to attention scores so that no position sees a later one: 0, or −∞ where the key comes after the query.</summary>
/// <param name="type">Of the scores.</param>
/// <param name="device">Where they lie.</param>
internal sealed class CausalMask(ScalarType type, Device device) : IDisposable
{
    private Tensor? _largest;

    /// <summary>The mask of sequences.</summary>
    /// <param name="length">Positions.</param>
    /// <returns>[length, length]: query, key. Not to be disposed.</returns>
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
