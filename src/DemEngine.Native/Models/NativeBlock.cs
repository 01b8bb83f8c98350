using System.Runtime.InteropServices;

namespace DemEngine.Native.Models;

/// <summary>
/// Memory outside the managed heap in one piece: the caller's, or the library's own, which its owner frees.
/// </summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private const int Alignment = 64;

    private readonly bool _isOwn;
    private byte* _first;

    /// <summary>Wraps memory of the caller's.</summary>
    /// <param name="first">Its first byte.</param>
    /// <param name="length">Number of bytes.</param>
    public NativeBlock(byte* first, long length)
    {
        _first = first;
        Length = length;
    }

    /// <summary>Allocates memory, whose contents are undefined.</summary>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system does not have that much memory.</exception>
    public NativeBlock(long length)
    {
        try
        {
            _first = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new DemException(ErrorCode.OutOfMemory, $"cannot allocate {length} bytes for a tensor", e);
        }

        _isOwn = true;
        Length = length;
    }

    /// <summary>Copies bytes into memory of the library's own.</summary>
    /// <param name="bytes">The bytes.</param>
    public NativeBlock(ReadOnlySpan<byte> bytes)
        : this(bytes.Length) => Write(0, bytes);

    /// <summary>Address of the first byte.</summary>
    public byte* First => _first;

    /// <summary>Number of bytes.</summary>
    public long Length { get; }

    /// <summary>Gives a part.</summary>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="length">Number of bytes.</param>
    public Span<byte> Part(long offset, int length)
    {
        CheckRange(offset, length);
        return new Span<byte>(_first + offset, length);
    }

    /// <summary>Copies a part into a buffer.</summary>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="destination">The buffer, which is filled.</param>
    public void Read(long offset, Span<byte> destination) => Part(offset, destination.Length).CopyTo(destination);

    /// <summary>Copies bytes into a part.</summary>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="bytes">The bytes.</param>
    public void Write(long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Part(offset, bytes.Length));

    /// <summary>Frees the memory, unless it is the caller's.</summary>
    public void Dispose()
    {
        if (_isOwn)
            NativeMemory.AlignedFree(_first);
        _first = null;
    }

    private void CheckRange(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }
}
