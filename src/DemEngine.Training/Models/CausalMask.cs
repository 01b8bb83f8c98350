using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The mask added to attention scores so that no position sees a later one, nor one before its window: 0, or −∞ where the key
/// comes after the query, or lies a whole window or more before it.
/// </summary>
/// <param name="window">Number of positions that are seen, the query's own among them; null for all.</param>
/// <param name="type">Element type of the scores.</param>
/// <param name="device">Device of the scores.</param>
internal sealed class CausalMask(int? window, ScalarType type, Device device) : IDisposable
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
            using var scope = NewDisposeScope();
            Tensor hidden = full(length, length, double.NegativeInfinity, type, device);
            Tensor mask = hidden.triu(1);
            if (window < length)
                mask = mask + hidden.tril(-window.Value);
            _largest = mask.DetachFromDisposeScope();
        }

        return _largest.narrow(0, 0, length).narrow(1, 0, length);
    }

    /// <summary>Returns the mask of rows in which several sequences lie, none of which sees another.</summary>
    /// <param name="sequences">Number of the sequence that each position belongs to, [rows, length].</param>
    /// <returns>Mask [rows, length, length], query by key.</returns>
    public Tensor Of(Tensor sequences)
    {
        Tensor others = sequences.unsqueeze(2) != sequences.unsqueeze(1);
        return Of(sequences.shape[1]).unsqueeze(0).masked_fill(others, double.NegativeInfinity);
    }

    public void Dispose() => _largest?.Dispose();
}
