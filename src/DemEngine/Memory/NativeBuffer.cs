using System.Runtime.InteropServices;

namespace DemEngine.Memory;

/// <summary>Page-aligned block of memory outside the managed heap, freed on <see cref="Dispose"/>.</summary>
public sealed unsafe partial class NativeBuffer : IDisposable
{
    /// <summary>Alignment of the first byte, in bytes. Page-locking and direct I/O need the same alignment.</summary>
    public const int Alignment = 4096;

    private const int LargePage = 2 << 20;
    private const int MadviseHugePage = 14;

    private void* _memory;

    /// <summary>Allocates a buffer, whose contents are undefined.</summary>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system does not have that much memory.</exception>
    public NativeBuffer(int length)
        : this(length, Alignment)
    {
    }

    private NativeBuffer(int length, int alignment)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        try
        {
            _memory = NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), (nuint)alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new DemException(ErrorCode.OutOfMemory, $"cannot allocate a buffer of {length} bytes", e);
        }

        Length = length;
    }

    /// <summary>
    /// Allocates a buffer that the system is asked to keep in large pages, for memory that a disk reads or writes.
    /// </summary>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system does not have that much memory.</exception>
    internal static NativeBuffer InLargePages(int length)
    {
        var buffer = new NativeBuffer(length, LargePage);
        if (OperatingSystem.IsLinux())
            _ = Madvise(buffer._memory, (nuint)length, MadviseHugePage);
        return buffer;
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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);
}
