namespace DemEngine.Files;

/// <summary>
/// File to which parts are appended, each whole or not at all as far as the system allows. What is read of it later may end in a
/// torn part nevertheless, where the process was killed.
/// </summary>
internal sealed class AppendedFile : IDisposable
{
    private readonly OutputFile _file;

    private AppendedFile(OutputFile file, long length)
    {
        _file = file;
        Length = length;
    }

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    /// <summary>Length of the file in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Opens a file, or creates it.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4013 (TooManyOpenFiles).</exception>
    public static AppendedFile Open(string path)
    {
        OutputFile file = OutputFile.Open(path);
        try
        {
            return new AppendedFile(file, file.Length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the whole file.</summary>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public byte[] ReadAll()
    {
        if (Length > Array.MaxLength)
            throw new DemException(ErrorCode.ReadFailed, $"{Path}: the file is too large, {Length} bytes");
        byte[] contents = new byte[Length];
        int read = _file.Read(0, contents);
        return read == contents.Length ? contents : contents[..read];
    }

    /// <summary>Cuts the file off.</summary>
    /// <param name="length">Length in bytes that stays.</param>
    /// <exception cref="DemException">DEM4002 (WriteFailed).</exception>
    public void Cut(long length)
    {
        if (length != Length)
            _file.SetLength(length);
        Length = length;
    }

    /// <summary>Appends a part. If it cannot be written whole, it is removed again.</summary>
    /// <param name="part">Bytes to append.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void Append(ReadOnlySpan<byte> part)
    {
        try
        {
            _file.Write(part, Length);
            Length += part.Length;
        }
        catch (DemException)
        {
            TryCut();
            throw;
        }
    }

    /// <summary>Waits until everything is on disk.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Sync() => _file.Sync();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void TryCut()
    {
        try
        {
            _file.SetLength(Length);
        }
        catch (DemException)
        {
            // The error that stopped the writing is the one to report, and readers pass over a torn end.
        }
    }
}
