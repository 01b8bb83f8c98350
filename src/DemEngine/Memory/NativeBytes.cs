using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Memory;

/// <summary>
/// Bytes outside the managed heap: a part of a mapped file or of a buffer. Unlike a span, they can be stored in a field. Whoever
/// creates an instance keeps the memory alive while it is in use.
/// </summary>
public readonly unsafe struct NativeBytes
{
    private const int PrefetchDistance = 2048;

    private readonly byte* _origin;

    /// <summary>Wraps a range of memory.</summary>
    /// <param name="origin">Address of the first byte.</param>
    /// <param name="length">Number of bytes.</param>
    public NativeBytes(byte* origin, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _origin = origin;
        Length = length;
    }

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>Address of the first byte, for calls into the operating system or a device driver.</summary>
    public nint Address => (nint)_origin;

    /// <summary>Span over the bytes.</summary>
    public Span<byte> Span => new(_origin, Length);

    /// <summary>Reference to the first byte, from which loops that have checked <see cref="Length"/> read on.</summary>
    internal ref byte Origin => ref Unsafe.AsRef<byte>(_origin);

    /// <summary>Returns a part of the bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the bytes.</exception>
    public NativeBytes Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(Length - start));
        return new NativeBytes(_origin + start, length);
    }

    /// <summary>
    /// Prefetches the cache line 2048 bytes past an offset, which may lie beyond the end. The processor's own prefetching stops
    /// at the end of a page; with this hint the start of the next page arrives in time. Does nothing on processors without SSE.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void PrefetchPage(nuint offset)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_origin + offset + PrefetchDistance);
    }
}
