using System.Runtime.InteropServices;

namespace DemEngine.Memory;

/// <summary>A block of memory outside the managed heap, page-aligned, freed on <see cref="Dispose"/>.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Alignment of the first byte. Also what page-locking and direct I/O ask for.</summary>
    public const int Alignment = 4096;

    private void* _memory;

    /// <summary>Allocates; the contents are undefined.</summary>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="DemException">DEM4007: the system has not that much memory.</exception>
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

    /// <summary>All of it.</summary>
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
