using System.Collections.Concurrent;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Merging.Output;

/// <summary>
/// Writes parts of output files past the system's page cache, on threads of its own, while others are computed. An output that is
/// large beside memory gains nothing from that cache: each of its pages costs the processor time to be allocated, filled and
/// pushed out again, and the disk gets the last of them only when the run waits for it. Thread-safe.
/// </summary>
internal sealed class WriteBehind : IDisposable
{
    // Requests of this size reach the full rate of a disk with a few of them at a time.
    private const int PieceBytes = 1 << 20;
    private const int Writers = 4;

    // A part of fewer bytes is left to the page cache: it would be a request of their own to the disk.
    private const int FewestBytes = 1 << 15;

    /// <summary>Memory in bytes that it takes to be of use: with less, the threads would wait for each other.</summary>
    public const long LeastBytes = (long)Writers * PieceBytes;

    private readonly BlockingCollection<NativeBuffer> _free = [];
    private readonly BlockingCollection<Piece> _pieces = [];
    private readonly Thread[] _threads;
    private readonly object _lock = new();
    private int _unwritten;
    private DemException? _fault;

    /// <param name="bytes">Memory for what is not written yet; at least <see cref="LeastBytes"/>.</param>
    public WriteBehind(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, LeastBytes);
        for (int k = 0; k < MostWaiting(bytes); k++)
            _free.Add(new NativeBuffer(PieceBytes));
        _threads =
        [
            .. Enumerable.Range(0, Writers).Select(k => new Thread(WritePieces) { IsBackground = true, Name = $"writes {k}" }),
        ];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Maximum number of parts that wait to be written, each of which keeps its file open.</summary>
    /// <param name="bytes">Memory for what is not written yet, in bytes.</param>
    public static int MostWaiting(long bytes) => (int)(bytes / PieceBytes);

    /// <summary>Copies bytes that are to be written, and has them written some time before <see cref="Flush"/> returns.</summary>
    /// <param name="open">Opens the file, which stays open until what it returns is disposed.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <exception cref="DemException">An error of writing, of these bytes or of others before them.</exception>
    public void Write(Func<OpenShards.Lease> open, ReadOnlySpan<byte> bytes, long offset)
    {
        // The disk takes whole blocks. Those at both ends belong to neighbours too, and are put together in the page cache.
        int head = (int)Math.Min(bytes.Length, -offset & (NativeBuffer.Alignment - 1));
        int whole = (bytes.Length - head) & ~(NativeBuffer.Alignment - 1);
        if (whole < FewestBytes)
            (head, whole) = (bytes.Length, 0);
        WriteNow(open, bytes[..head], offset);
        for (int at = head, length; at < head + whole; at += length)
        {
            length = Math.Min(PieceBytes, head + whole - at);
            Enqueue(open, bytes.Slice(at, length), offset + at);
        }

        WriteNow(open, bytes[(head + whole)..], offset + head + whole);
    }

    /// <summary>Waits until everything is written, though it may not be on disk yet.</summary>
    /// <exception cref="DemException">An error of writing.</exception>
    public void Flush()
    {
        lock (_lock)
        {
            while (_unwritten > 0)
                Monitor.Wait(_lock);
        }

        ThrowIfFailed();
    }

    /// <summary>
    /// Writes what is left, and ends the threads. Errors go unsaid, since nothing waits for the bytes any more.
    /// </summary>
    public void Dispose()
    {
        _pieces.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (NativeBuffer buffer in _free)
            buffer.Dispose();
        _pieces.Dispose();
        _free.Dispose();
    }

    private static void WriteNow(Func<OpenShards.Lease> open, ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.Length == 0)
            return;
        using OpenShards.Lease lease = open();
        lease.File.Write(bytes, offset);
    }

    private void Enqueue(Func<OpenShards.Lease> open, ReadOnlySpan<byte> bytes, long offset)
    {
        NativeBuffer buffer = _free.Take();
        try
        {
            ThrowIfFailed();
            bytes.CopyTo(buffer.Bytes.Span);
            OpenShards.Lease file = open();
            lock (_lock)
                _unwritten++;
            _pieces.Add(new Piece(file, buffer, offset, bytes.Length));
        }
        catch
        {
            _free.Add(buffer);
            throw;
        }
    }

    private void WritePieces()
    {
        foreach (Piece piece in _pieces.GetConsumingEnumerable())
        {
            try
            {
                piece.File.File.WritePastCache(piece.Buffer.Bytes.Span[..piece.Length], piece.Offset);
            }
            catch (DemException e)
            {
                // Later failures are mere consequences of the first one.
                Interlocked.CompareExchange(ref _fault, e, null);
            }

            piece.File.Dispose();
            _free.Add(piece.Buffer);
            lock (_lock)
            {
                if (--_unwritten == 0)
                    Monitor.PulseAll(_lock);
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _fault) is { } fault)
            throw new DemException(fault.Code, fault.Message, fault, fault.Remedy) { Path = fault.Path };
    }

    private readonly record struct Piece(OpenShards.Lease File, NativeBuffer Buffer, long Offset, int Length);
}
