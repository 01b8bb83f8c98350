using System.Runtime.InteropServices;

namespace DemEngine.Memory;

/// <summary>Page-aligned block of memory outside the managed heap, freed on <see cref="Dispose"/>.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Alignment of the first byte, in bytes. Page-locking and direct I/O need the same alignment.</summary>
    public const int Alignment = 4096;

    private void* _memory;

    /// <summary>Allocates a buffer, whose contents are undefined.</summary>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system does not have that much memory.</exception>
    public NativeBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        try
        {
            _memory = NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new DemException(ErrorCode.OutOfMemory, $"cannot allocate a buffer of {length} bytes", e);
        }

        Length = length;
    }

    /// <summary>Frees the memory of a buffer that was not disposed.</summary>
    ~NativeBuffer() => Free();

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>All bytes of the buffer.</summary>
    public NativeBytes Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory == null, this);
            return new NativeBytes((byte*)_memory, Length);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
