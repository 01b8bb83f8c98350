using System.Collections.Concurrent;
using DemEngine.Memory;

namespace DemEngine.Stores;

/// <summary>
/// Files that are written into a folder of a store while they are made: bytes come from several threads in nearly any order, and
/// each part goes out as soon as it is whole. Nothing is to be seen there before a file is completed; what is not completed is
/// discarded.
/// </summary>
internal sealed class StoreUpload : IDisposable
{
    private const int Senders = 4;
    private const int Waiting = 2;

    private readonly StoreClient _client;
    private readonly IWritableStore _store;
    private readonly CancellationTokenSource _stop = new();
    private readonly BlockingCollection<Part> _whole = new(Waiting);
    private readonly ConcurrentBag<byte[]> _buffers = [];
    private readonly int _partBytes;
    private readonly UploadedFile[] _files;
    private readonly List<Thread> _threads = new(Senders);
    private Exception? _fault;

    /// <param name="client">The store.</param>
    /// <param name="files">Addresses and lengths of the files; none is empty.</param>
    /// <param name="maxBytes">Memory for parts, in bytes; see <see cref="PartBytes"/>.</param>
    /// <param name="threads">Number of threads that write.</param>
    /// <exception cref="DemException">DEM1051 (NotInStore), DEM4050 (StoreNotReached), or an error of the store.</exception>
    public StoreUpload(StoreClient client, IReadOnlyList<(string Address, long Length)> files, long maxBytes, int threads)
    {
        _client = client;
        _store = client.Writable(files[0].Address);
        _partBytes = PartBytes(_store, files.Max(file => file.Length), maxBytes, threads);
        _files = new UploadedFile[files.Count];
        try
        {
            for (int k = 0; k < _files.Length; k++)
            {
                (string address, long length) = files[k];
                string id = client.Send(address, 0, token => _store.BeginAsync(address, token), CancellationToken.None);
                _files[k] = new UploadedFile(address, id, length, new string[(length + _partBytes - 1) / _partBytes]);
            }
        }
        catch
        {
            Discard();
            throw;
        }

        try
        {
            for (int k = 0; k < Senders; k++)
                _threads.Add(StartedThread.Start($"upload {k}", SendParts));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// Length of a part in bytes, so that all parts at a time fit in a bound: each thread writes at the border of two, and some
    /// are on their way.
    /// </summary>
    /// <param name="store">The store, which has bounds of its own.</param>
    /// <param name="longest">Length of the longest file.</param>
    /// <param name="maxBytes">The bound.</param>
    /// <param name="threads">Number of threads that write.</param>
    public static int PartBytes(IWritableStore store, long longest, long maxBytes, int threads)
    {
        const int most = 64 << 20;
        long least = Math.Max(store.LeastPartBytes, (longest + store.MostParts - 1) / store.MostParts);
        long wanted = maxBytes / ((2 * threads) + Senders + Waiting);
        return checked((int)Math.Max(least, Math.Min(wanted, most)));
    }

    /// <summary>Writes a part of a file. Each byte is written once.</summary>
    /// <param name="file">Index of the file.</param>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="DemException">A part could not be stored.</exception>
    public void Write(int file, long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ThrowIfFailed();
            int number = (int)(offset / _partBytes);
            int within = (int)(offset % _partBytes);
            int count = Math.Min(bytes.Length, _partBytes - within);
            Part part = _files[file].Open.GetOrAdd(
                number, static (number, of) => of.Upload.NewPart(of.File, number), (Upload: this, File: _files[file]));
            bytes[..count].CopyTo(part.Buffer.AsSpan(within));
            if (part.Add(count))
            {
                _files[file].Open.TryRemove(number, out _);
                Queue(part);
            }

            offset += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Waits until every part is stored.</summary>
    /// <exception cref="DemException">A part could not be stored.</exception>
    public void Finish()
    {
        _whole.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        ThrowIfFailed();
    }

    /// <summary>Completes a file, which is to be seen from then on.</summary>
    /// <param name="file">Index of the file.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <exception cref="DemException">DEM4050 (StoreNotReached), or an error of the store.</exception>
    public void Complete(int file, CancellationToken cancel)
    {
        UploadedFile one = _files[file];
        _client.Send(one.Address, 0, async token =>
        {
            await _store.CompleteAsync(one.Address, one.Id, one.Tags, one.Length, token).ConfigureAwait(false);
            return true;
        }, cancel);
        one.IsComplete = true;
    }

    /// <summary>Stops what is on its way, and discards the files that are not complete.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        if (!_whole.IsAddingCompleted)
            _whole.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        Discard();
        _whole.Dispose();
        _stop.Dispose();
    }

    private Part NewPart(UploadedFile file, int number)
    {
        if (!_buffers.TryTake(out byte[]? buffer))
            buffer = GC.AllocateUninitializedArray<byte>(_partBytes);
        return new Part(file, number, buffer, (int)Math.Min(_partBytes, file.Length - ((long)number * _partBytes)));
    }

    private void Queue(Part part)
    {
        try
        {
            _whole.Add(part, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            ThrowIfFailed();
            throw;
        }
    }

    private void SendParts()
    {
        try
        {
            foreach (Part part in _whole.GetConsumingEnumerable(_stop.Token))
            {
                UploadedFile file = part.File;
                file.Tags[part.Number] = _client.Send(
                    file.Address,
                    part.Length,
                    token => _store.PutPartAsync(
                        file.Address, file.Id, part.Number + 1, part.Buffer.AsMemory(0, part.Length), token),
                    _stop.Token);
                _buffers.Add(part.Buffer);
            }
        }
        catch (Exception e)
        {
            // Later failures are mere consequences of the first one.
            Interlocked.CompareExchange(ref _fault, e, null);
            _stop.Cancel();
        }
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _fault) is DemException e)
            throw new DemException(e.Code, e.Message, e, e.Remedy) { Path = e.Path };
    }

    private void Discard()
    {
        foreach (UploadedFile file in _files.Where(file => file is { IsComplete: false }))
        {
            try
            {
                _client.Send(file.Address, 0, async token =>
                {
                    await _store.AbortAsync(file.Address, file.Id, token).ConfigureAwait(false);
                    return true;
                }, CancellationToken.None);
            }
            catch (DemException)
            {
                // What led here is the error to report. The store's own rules remove what is left unfinished.
            }
        }
    }

    /// <summary>A file that is being written.</summary>
    private sealed class UploadedFile(string address, string id, long length, string[] tags)
    {
        public string Address => address;

        public string Id => id;

        public long Length => length;

        public string[] Tags => tags;

        public ConcurrentDictionary<int, Part> Open { get; } = [];

        public bool IsComplete { get; set; }
    }

    /// <summary>A part of a file, and how much of it has come.</summary>
    private sealed class Part(UploadedFile file, int number, byte[] buffer, int length)
    {
        private int _filled;

        public UploadedFile File => file;

        public int Number => number;

        public byte[] Buffer => buffer;

        public int Length => length;

        /// <returns>Whether the part is whole.</returns>
        public bool Add(int count) => Interlocked.Add(ref _filled, count) == length;
    }
}
