using System.Buffers;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Bytes of a part of a stored tensor: where the file is mapped, the mapping itself, and else a copy in memory that is given
/// back when this is disposed.
/// </summary>
internal readonly ref struct PartBytes
{
    private readonly byte[]? _rented;

    private PartBytes(ReadOnlySpan<byte> bytes, byte[]? rented)
    {
        Bytes = bytes;
        _rented = rented;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Reads a part of a tensor.</summary>
    /// <param name="tensor">The stored tensor.</param>
    /// <param name="first">Index of the first unit.</param>
    /// <param name="count">Number of units; their size is under 2 GiB.</param>
    public static PartBytes Read(StoredTensor tensor, long first, int count)
    {
        if (!tensor.IsCopied)
            return new PartBytes(tensor.Read(first, count, scratch: default).Bytes.Span, null);
        int bytes = checked(count * tensor.Spec.Type.Size);
        byte[] rented = ArrayPool<byte>.Shared.Rent(bytes);
        tensor.Copy(first, rented.AsSpan(0, bytes));
        return new PartBytes(rented.AsSpan(0, bytes), rented);
    }

    /// <summary>Gives back the copy.</summary>
    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<byte>.Shared.Return(_rented);
    }
}
