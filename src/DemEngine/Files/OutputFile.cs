using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Files;

/// <summary>
/// File that is being written. Every failure is a documented error that names the file. Any thread may write at any offset.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    /// <summary>Size in bytes of the blocks that file systems share between files, or a divisor of it.</summary>
    public const int SharedBlockBytes = 4096;

    private const int CopiedBytes = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly Lazy<SafeFileHandle?> _direct;
    private volatile bool _isCached;

    private OutputFile(string path, SafeFileHandle file)
    {
        Path = path;
        _file = file;
        _direct = new Lazy<SafeFileHandle?>(() => LinuxFile.TryOpenDirect(path, forWriting: true));
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Length of the file in bytes.</summary>
    /// <exception cref="DemException">DEM4002 (WriteFailed).</exception>
    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(_file);
            }
            catch (Exception e) when (WriteError.Covers(e))
            {
                throw WriteError.From(e, Path);
            }
        }
    }

    /// <summary>Opens a file and keeps what is in it; creates it if there is none.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4013 (TooManyOpenFiles).</exception>
    public static OutputFile Open(string path)
    {
        try
        {
            return new OutputFile(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite));
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }
    }

    /// <summary>Creates an empty file; one that was there loses its contents.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4013 (TooManyOpenFiles).</exception>
    public static OutputFile Create(string path)
    {
        OutputFile file = Open(path);
        try
        {
            file.SetLength(0);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Creates a file, writes all of it and waits until it is on disk.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="contents">Contents of the file.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles).
    /// </exception>
    public static void WriteWhole(string path, ReadOnlySpan<byte> contents)
    {
        using OutputFile file = Create(path);
        file.Write(contents, 0);
        file.Sync();
    }

    /// <summary>
    /// Writes a file beside the target, waits until it is on disk and gives it the target's name, so that the name always leads
    /// to a whole file: the new one, or after any failure the one before.
    /// </summary>
    /// <param name="path">Path of the target.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles); what
    /// <paramref name="write"/> throws.
    /// </exception>
    public static void Replace(string path, Action<OutputFile> write)
    {
        string partial = $"{path}.partial";
        bool isReplacedThere;
        try
        {
            using (OutputFile file = Create(partial))
            {
                write(file);
                file.Sync();
            }

            isReplacedThere = Publish(partial, path);
        }
        catch (NotUndoneException e)
        {
            throw WriteError.From(e, path);
        }
        catch (Exception e)
        {
            TryDelete(partial);
            if (e is DemException failed && failed.Message.Contains(partial, StringComparison.Ordinal))
                throw new DemException(failed.Code, failed.Message.Replace(partial, path, StringComparison.Ordinal), failed);
            if (WriteError.Covers(e))
                throw WriteError.From(e, path);
            throw;
        }

        try
        {
            if (isReplacedThere)
                File.Delete(partial);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, $"{path} is complete; what it replaced cannot be deleted: {partial}");
        }
    }

    /// <summary>Gives a file its name. If that cannot be brought to the disk, the name is taken back.</summary>
    /// <returns>Whether what was there has the other name now.</returns>
    private static bool Publish(string partial, string path)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        bool replaces = File.Exists(path);
        if (replaces && LinuxFile.TryExchange(partial, path))
        {
            Undoing.IfFails(() => LinuxFile.Exchange(partial, path), () => LinuxFile.SyncFolder(folder), kept: partial);
            return true;
        }

        File.Move(partial, path, overwrite: true);
        if (replaces)
            LinuxFile.SyncFolder(folder); // What was there is gone: this file is the one that is whole.
        else
            Undoing.IfFails(() => File.Move(path, partial), () => LinuxFile.SyncFolder(folder));
        return false;
    }

    /// <summary>Deletes a file that is of no use any more; one that cannot be deleted stays.</summary>
    /// <param name="path">Path of the file.</param>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            // The error that made the file useless is the one to report.
        }
    }

    /// <summary>Sets the length of the file.</summary>
    /// <param name="length">Length in bytes.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(_file, length);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>Sets the length of the file and reserves disk space for it, where the file system can.</summary>
    /// <param name="length">Length in bytes.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void Reserve(long length)
    {
        try
        {
            // .NET's own preallocation leaves the length unchanged, and a resumed run recognises its shard by the length.
            LinuxFile.Allocate(_file, length);
        }
        catch (IOException e)
        {
            throw WriteError.From(e, Path);
        }

        SetLength(length);
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="bytes">Bytes to write; all are written.</param>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(_file, bytes, offset);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>
    /// Writes whole blocks past the system's page cache; through it where the system or the file system knows no other way.
    /// </summary>
    /// <param name="blocks">
    /// Bytes to write; all are written. Their number and their address are multiples of <see cref="NativeBuffer.Alignment"/>.
    /// </param>
    /// <param name="offset">Offset of the first byte in the file, a multiple of the same number.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void WritePastCache(ReadOnlySpan<byte> blocks, long offset)
    {
        if (_isCached || _direct.Value is not { } direct)
        {
            Write(blocks, offset);
            return;
        }

        try
        {
            RandomAccess.Write(direct, blocks, offset);
        }
        catch (IOException e) when (LinuxFile.IsNotPossible(e))
        {
            // Some file systems refuse only the writing.
            _isCached = true;
            Write(blocks, offset);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>
    /// Copies bytes of another file. The file system does it where it can: by sharing blocks, or on the server of a network file
    /// system, so that no byte passes through this machine.
    /// </summary>
    /// <param name="source">The other file.</param>
    /// <param name="from">Offset of the first byte there.</param>
    /// <param name="to">Offset of the first byte here. Blocks can be shared where both have the same place in a block.</param>
    /// <param name="length">Number of bytes; the other file has as many.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4003 (ReadFailed), DEM4012 (FileTooLarge).
    /// </exception>
    public void CopyFrom(OutputFile source, long from, long to, long length)
    {
        long toBlock = (SharedBlockBytes - (to % SharedBlockBytes)) % SharedBlockBytes;
        long head = from % SharedBlockBytes == to % SharedBlockBytes ? Math.Min(toBlock, length) : 0;
        long middle = (length - head) / SharedBlockBytes * SharedBlockBytes;
        CopyRange(source, from, to, head);
        CopyRange(source, from + head, to + head, middle);
        CopyRange(source, from + head + middle, to + head + middle, length - head - middle);
    }

    /// <summary>Reads bytes back.</summary>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="bytes">Where the bytes go.</param>
    /// <returns>Number of bytes read; less than requested only at the end of the file.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public int Read(long offset, Span<byte> bytes)
    {
        try
        {
            int total = 0;
            while (total < bytes.Length && RandomAccess.Read(_file, bytes[total..], offset + total) is int read and > 0)
                total += read;
            return total;
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw new DemException(ErrorCode.ReadFailed, $"{Path}: {e.Message}", e);
        }
    }

    /// <summary>Waits until everything is on disk.</summary>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed): what was written may not be on disk, even if it can be read.
    /// </exception>
    public void Sync()
    {
        try
        {
            LinuxFile.Sync(_file);
        }
        catch (IOException e)
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>
    /// Asks the system to read the file from the disk again, and not from its cache. After <see cref="Sync"/> only.
    /// </summary>
    public void DropFromCache() => LinuxFile.DropFromCache(_file);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_direct.IsValueCreated)
            _direct.Value?.Dispose();
        _file.Dispose();
    }

    private void CopyRange(OutputFile source, long from, long to, long length)
    {
        long copied;
        try
        {
            copied = LinuxFile.CopyRange(source._file, from, _file, to, length);
        }
        catch (IOException e)
        {
            throw WriteError.From(e, Path);
        }

        byte[] buffer = copied == length ? [] : new byte[Math.Min(CopiedBytes, length - copied)];
        while (copied < length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - copied));
            if (source.Read(from + copied, part) < part.Length)
                throw new DemException(ErrorCode.ReadFailed, $"{source.Path}: the file ends early");
            Write(part, to + copied);
            copied += part.Length;
        }
    }
}
