using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Output;

/// <summary>
/// Writes output files past the system's page cache, on threads of its own, while more is computed. An output that is large
/// beside memory gains nothing from that cache: each of its pages costs the processor time to be allocated, filled and pushed out
/// again, and the disk gets the last of them only when the run waits for it. Thread-safe.
/// </summary>
/// <remarks>
/// What is computed begins and ends anywhere, and a disk takes whole blocks: parts are collected until a block is full. A write
/// through the cache in between would have to wait for all that pass it, so that parts are written alone only where the rest of
/// their block never comes, or no memory is left.
/// </remarks>
internal sealed class WriteBehind : IDisposable
{
    // Requests of this size reach the full rate of a disk with a few of them at a time.
    private const int BlockBytes = MemoryBudget.BehindBlockBytes;
    private const int Writers = 4;

    /// <summary>Memory in bytes that it takes to be of use: with less, the threads would wait for each other.</summary>
    public const long LeastBytes = (long)Writers * BlockBytes;

    private readonly object _lock = new();
    private readonly Func<string, OpenShards.Lease> _open;
    private readonly Dictionary<(string Path, long Index), CollectedBlock> _blocks = [];
    private readonly BlockMemory _memory;
    private readonly Queue<CollectedBlock> _complete = new();
    private readonly List<Thread> _threads = new(Writers);
    private int _unwritten;
    private int _waiting;
    private long _uses;
    private bool _isEnding;
    private DemException? _fault;

    /// <param name="bytes">Memory for what is not written yet; at least <see cref="LeastBytes"/>.</param>
    /// <param name="open">Opens a file by its path, which stays open until what it returns is disposed.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory).</exception>
    public WriteBehind(long bytes, Func<string, OpenShards.Lease> open)
    {
        _open = open;
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, LeastBytes);
        _memory = new BlockMemory(BlockBytes, MostWaiting(bytes));
        try
        {
            for (int k = 0; k < Writers; k++)
                _threads.Add(StartedThread.Start($"writes {k}", WriteBlocks));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Maximum number of blocks that wait to be written, each of which keeps its file open.</summary>
    /// <param name="bytes">Memory for what is not written yet, in bytes.</param>
    public static int MostWaiting(long bytes) => (int)(bytes / BlockBytes);

    /// <summary>Copies bytes that are to be written, and has them written some time before <see cref="Flush"/> returns.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <exception cref="DemException">An error of writing, of these bytes or of others before them.</exception>
    public void Write(string path, ReadOnlySpan<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            int within = (int)(offset % BlockBytes);
            int count = Math.Min(bytes.Length, BlockBytes - within);
            CollectedBlock block = Take(path, offset / BlockBytes);
            bytes[..count].CopyTo(block.Memory.Span[within..]);
            Leave(block, within, count);
            bytes = bytes[count..];
            offset += count;
        }
    }

    /// <summary>Waits until everything is written, though it may not be on disk yet. Nothing is written meanwhile.</summary>
    /// <exception cref="DemException">An error of writing.</exception>
    public void Flush()
    {
        lock (_lock)
        {
            CompleteAll();
            while (_unwritten > 0)
                WaitForChange();
            ThrowIfFailed();
        }
    }

    /// <summary>
    /// Writes what is left, and ends the threads. Errors go unsaid, since nothing waits for the bytes any more.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            CompleteAll();
        }

        lock (_complete)
        {
            _isEnding = true;
            Monitor.PulseAll(_complete);
        }

        foreach (Thread thread in _threads)
            thread.Join();
        _memory.Dispose();
    }

    private CollectedBlock Take(string path, long index)
    {
        lock (_lock)
        {
            while (true)
            {
                ThrowIfFailed();
                if (_blocks.TryGetValue((path, index), out CollectedBlock? block))
                {
                    block.Users++;
                    return block;
                }

                if (_memory.TryTake() is { } memory)
                    return Begin(path, index, memory);

                // Where all memory has blocks that are not full, the longest unused one goes as it is.
                if (_unwritten == 0 && OldestUnused() is { } oldest)
                {
                    _blocks.Remove((oldest.Path, oldest.Index));
                    Complete(oldest);
                }

                WaitForChange();
            }
        }
    }

    private CollectedBlock Begin(string path, long index, NativeBytes memory)
    {
        try
        {
            var block = new CollectedBlock(path, _open(path), index, memory) { Users = 1 };
            _blocks.Add((path, index), block);
            return block;
        }
        catch
        {
            _memory.Give(memory);
            throw;
        }
    }

    private void Leave(CollectedBlock block, int start, int count)
    {
        lock (_lock)
        {
            block.Users--;
            block.LastUse = ++_uses;
            block.Add(start, count);
            if (block.IsFull)
            {
                _blocks.Remove((block.Path, block.Index));
                Complete(block);
            }

            // It may be the one that a thread without memory waits for.
            SayChanged();
        }
    }

    private void CompleteAll()
    {
        foreach (CollectedBlock block in _blocks.Values)
            Complete(block);
        _blocks.Clear();
    }

    private void Complete(CollectedBlock block)
    {
        _unwritten++;
        lock (_complete)
        {
            _complete.Enqueue(block);
            Monitor.Pulse(_complete);
        }
    }

    /// <summary>Waits for a block to write; null where none comes any more.</summary>
    private CollectedBlock? NextComplete()
    {
        lock (_complete)
        {
            CollectedBlock? block;
            while (!_complete.TryDequeue(out block) && !_isEnding)
                Monitor.Wait(_complete);
            return block;
        }
    }

    private CollectedBlock? OldestUnused() =>
        _blocks.Values.Where(block => block.Users == 0).MinBy(block => block.LastUse);

    private void WriteBlocks()
    {
        while (NextComplete() is { } block)
        {
            DemException? fault = null;
            try
            {
                block.Write();
            }
            catch (Exception e)
            {
                // Nothing above could catch it on this thread.
                fault = e as DemException ?? WriteError.From(e, block.Path);
            }

            block.File.Dispose();
            lock (_lock)
            {
                // Later failures are mere consequences of the first one.
                _fault ??= fault;
                _memory.Give(block.Memory);
                _unwritten--;
                SayChanged();
            }
        }
    }

    private void WaitForChange()
    {
        _waiting++;
        Monitor.Wait(_lock);
        _waiting--;
    }

    // Mostly nobody waits, and blocks are left thousands of times a second.
    private void SayChanged()
    {
        if (_waiting > 0)
            Monitor.PulseAll(_lock);
    }

    private void ThrowIfFailed()
    {
        if (_fault is { } fault)
            throw new DemException(fault.Code, fault.Message, fault, fault.Remedy) { Path = fault.Path };
    }

    /// <summary>A block of a file whose parts come one after the other.</summary>
    private sealed class CollectedBlock(string path, OpenShards.Lease file, long index, NativeBytes memory)
    {
        private readonly List<(int Start, int End)> _parts = [];

        public string Path => path;

        public OpenShards.Lease File => file;

        public long Index => index;

        public NativeBytes Memory => memory;

        /// <summary>Number of threads that copy into the block.</summary>
        public int Users { get; set; }

        public long LastUse { get; set; }

        public bool IsFull => _parts is [(0, BlockBytes)];

        public void Add(int start, int count)
        {
            int at = _parts.FindIndex(part => part.Start > start);
            at = at < 0 ? _parts.Count : at;
            _parts.Insert(at, (start, start + count));
            for (int k = Math.Max(1, at); k < _parts.Count && _parts[k].Start <= _parts[k - 1].End;)
            {
                _parts[k - 1] = (_parts[k - 1].Start, Math.Max(_parts[k - 1].End, _parts[k].End));
                _parts.RemoveAt(k);
            }
        }

        public void Write()
        {
            foreach (var (start, end) in _parts)
            {
                int from = Math.Min(end, (start + NativeBuffer.Alignment - 1) & ~(NativeBuffer.Alignment - 1));
                int to = Math.Max(from, end & ~(NativeBuffer.Alignment - 1));
                Write(start, from, isPastCache: false);
                Write(from, to, isPastCache: true);
                Write(to, end, isPastCache: false);
            }
        }

        private void Write(int start, int end, bool isPastCache)
        {
            if (start == end)
                return;
            ReadOnlySpan<byte> bytes = memory.Span[start..end];
            long offset = (index * BlockBytes) + start;
            if (isPastCache)
                file.File.WritePastCache(bytes, offset);
            else
                file.File.Write(bytes, offset);
        }
    }
}
