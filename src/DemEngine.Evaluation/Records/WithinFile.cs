namespace DemEngine.Evaluation.Records;

/// <summary>
/// A file that is read through a buffer and not left: the library that reads Parquet takes single bytes, and skips what it does
/// not know without asking where the file ends, which takes minutes where a damaged file says that there are billions of it.
/// </summary>
/// <param name="file">The file, which the caller closes.</param>
internal sealed class WithinFile(FileStream file) : Stream
{
    private readonly BufferedStream _buffer = new(file, 1 << 16);

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Length;

    public override long Position
    {
        get => _buffer.Position;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <exception cref="EndOfStreamException">The place lies outside the file.</exception>
    public override long Seek(long offset, SeekOrigin origin)
    {
        long start = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            _ => Length,
        };
        return offset >= -start && offset <= Length - start
            ? _buffer.Seek(start + offset, SeekOrigin.Begin)
            : throw new EndOfStreamException($"it leads to byte {start} + {offset} of {Length}");
    }

    public override int Read(byte[] buffer, int offset, int count) => _buffer.Read(buffer, offset, count);

    public override int Read(Span<byte> buffer) => _buffer.Read(buffer);

    public override int ReadByte() => _buffer.ReadByte();

    // What the library awaits is done at once, on its own thread.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_buffer.Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(_buffer.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
