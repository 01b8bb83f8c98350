using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Memory;

/// <summary>
/// Bytes outside the managed heap: a part of a mapped file or of a buffer. Unlike a span it can be stored; whoever makes one keeps the
/// memory alive while it is in use.
/// </summary>
public readonly unsafe struct NativeBytes
{
    private const int PrefetchDistance = 2048;

    private readonly byte* _origin;

    /// <summary>Wraps memory.</summary>
    /// <param name="origin">The first byte.</param>
    /// <param name="length">Number of bytes.</param>
    public NativeBytes(byte* origin, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _origin = origin;
        Length = length;
    }

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>The first byte's address, for calls into the operating system or a device driver.</summary>
    public nint Address => (nint)_origin;

    /// <summary>The bytes.</summary>
    public Span<byte> Span => new(_origin, Length);

    /// <summary>The first byte. Loops that have checked <see cref="Length"/> read on from here.</summary>
    internal ref byte Origin => ref Unsafe.AsRef<byte>(_origin);

    /// <summary>A part of these bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within.</exception>
    public NativeBytes Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(Length - start));
        return new NativeBytes(_origin + start, length);
    }

    /// <summary>
    /// Asks for a cache line some way beyond an offset, be it beyond the end. The processor's own prefetching stops at the end of a page;
    /// asked for so early, the start of the next one is there in time. A hint that not all processors have.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void PrefetchPage(nuint offset)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_origin + offset + PrefetchDistance);
    }
}
