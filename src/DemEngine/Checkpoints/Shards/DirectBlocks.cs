using DemEngine.Memory;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Blocks of files that are read without the system's page cache, several at a time, before they are needed. A file that is
/// larger than memory, or is read once, gains nothing from that cache: each page of it costs the processor time to be allocated,
/// entered and pushed out again, and the system's own reading ahead leaves fast disks idle. Thread-safe.
/// </summary>
/// <remarks>
/// Thousands of blocks a second come and go, so that a thread is woken only for what it can go on with: a reader with a block and
/// memory for it, a thread that copies with the block that it waits for.
/// </remarks>
internal sealed class DirectBlocks : IDisposable
{
    // Requests of this size reach the full rate of a disk with a few of them at a time. A tile takes a part of the same size from
    // each model, so that larger blocks would fill the memory with what later tiles need.
    private const int BlockOfDisk = 1 << 20;

    // A request to a store takes tens of milliseconds before its first byte comes.
    private const int BlockOfStore = 4 << 20;
    private const int SmallestBlock = 1 << 16;
    private const int FewestOfDisk = 64;
    private const int FewestOfStore = 24;
    private const int ReadersOfDisk = 8;
    private const int ReadersOfStore = 12;
    private const long MostBytes = 256 << 20;

    // A part of the whole bound that leaves most of it to the tiles.
    private const int Share = 4;
    private const int LongestShare = 8;

    private readonly object _lock = new();
    private readonly int _readers;
    private readonly long _bytes;
    private readonly BlockMemory _memory;
    private readonly Dictionary<(IDirectFile File, long Index), Block> _blocks = [];
    private readonly Queue<Block> _wanted = new();
    private readonly List<Thread> _threads = [];
    private readonly Stack<IdleReader> _idle = new();
    private int _forgetting;
    private long _uses;
    private bool _isDisposed;

    /// <param name="maxMemoryBytes">Bound of all buffers of a run; see <see cref="BytesWithin"/>.</param>
    /// <param name="ofStores">Whether the files are in stores, and not on disks.</param>
    public DirectBlocks(long maxMemoryBytes, bool ofStores = false)
    {
        long bytes = _bytes = BytesWithin(maxMemoryBytes);
        BlockBytes = ofStores ? BlockOfStore : BlockOfDisk;
        _readers = ofStores ? ReadersOfStore : ReadersOfDisk;
        int fewest = ofStores ? FewestOfStore : FewestOfDisk;
        while (BlockBytes > SmallestBlock && bytes / BlockBytes < fewest)
            BlockBytes /= 2;
        _memory = new BlockMemory(BlockBytes, (int)Math.Max(1, bytes / BlockBytes));
    }

    /// <summary>Length of a block, a power of two.</summary>
    public int BlockBytes { get; }

    /// <summary>
    /// Length in bytes of parts that may be announced without pushing out what was announced before and is not read yet.
    /// </summary>
    public long LongestPart => _bytes / LongestShare;

    /// <summary>Memory of the blocks in a run with a given bound.</summary>
    /// <param name="maxMemoryBytes">Bound of all buffers of the run, in bytes.</param>
    public static long BytesWithin(long maxMemoryBytes) => Math.Min(MostBytes, maxMemoryBytes / Share);

    /// <summary>Has a part of a file read before it is needed.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="length">Number of bytes.</param>
    public void WillNeed(IDirectFile file, long offset, long length)
    {
        if (length == 0)
            return;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            for (long index = offset / BlockBytes; index * BlockBytes < offset + length; index++)
            {
                if (!_blocks.TryGetValue((file, index), out Block? block))
                {
                    block = new Block(file, index);
                    _blocks.Add((file, index), block);
                    _wanted.Enqueue(block);
                }

                block.Awaited += Overlap(index, offset, length);
            }

            if (_threads.Count == 0)
                StartReaders();
            AssignToIdleReaders();
        }
    }

    /// <summary>Copies a part of a file, which is read now where it has not been read before.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="destination">Memory to fill completely.</param>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed): the file cannot be read. DEM4005 (InputChanged): it became shorter.
    /// </exception>
    public void Copy(IDirectFile file, long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            long index = offset / BlockBytes;
            int within = (int)(offset % BlockBytes);
            int count = Math.Min(destination.Length, BlockBytes - within);
            if (Take(file, index) is { } block)
            {
                try
                {
                    block.Require(within + count);
                    block.Memory!.Value.Span.Slice(within, count).CopyTo(destination);
                }
                finally
                {
                    Leave(block, count);
                }
            }
            else
            {
                // All memory is in use by other threads at this moment.
                using var buffer = new NativeBuffer(BlockBytes);
                var alone = new Block(file, index) { Memory = buffer.Bytes };
                alone.Fill(BlockBytes);
                alone.Require(within + count);
                buffer.Bytes.Span.Slice(within, count).CopyTo(destination);
            }

            offset += count;
            destination = destination[count..];
        }
    }

    /// <summary>Whether the block with a byte of a file is being read, or is to be.</summary>
    public bool IsWanted(IDirectFile file, long offset)
    {
        lock (_lock)
            return _blocks.ContainsKey((file, offset / BlockBytes));
    }

    /// <summary>Forgets the blocks of a file, which nobody reads any more.</summary>
    public void Forget(IDirectFile file)
    {
        lock (_lock)
        {
            _forgetting++;
            foreach (Block block in _blocks.Values.Where(block => block.File == file).ToArray())
            {
                while (block.State == State.Loading || block.Users > 0)
                    Monitor.Wait(_lock);
                Remove(block);
            }

            _forgetting--;
            AssignToIdleReaders();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_idle.TryPop(out IdleReader? reader))
                reader.Wake(null);
        }

        foreach (Thread thread in _threads)
            thread.Join();
        _memory.Dispose();
        _blocks.Clear();
    }

    // Takes a block for copying: one that was read, or is being read, or is read now by this thread. Null where no memory is
    // free.
    private Block? Take(IDirectFile file, long index)
    {
        Block? block;
        bool isRead;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            isRead = _blocks.TryGetValue((file, index), out block) && block.State != State.Queued;
            if (!isRead)
            {
                if ((FreeMemory() ?? OldestMemory()) is not { } memory)
                    return null;
                if (block is null)
                    _blocks.Add((file, index), block = new Block(file, index));
                block.BeginLoading(memory);
            }

            block!.Users++;
        }

        if (isRead)
            block.WaitUntilLoaded();
        else
            Load(block);
        return block;
    }

    private void Leave(Block block, int bytes)
    {
        lock (_lock)
        {
            block.Users--;
            block.Awaited -= bytes;
            block.LastUse = ++_uses;
            if (block is { Users: 0, Awaited: <= 0 })
                AssignToIdleReaders();
            if (_forgetting > 0)
                Monitor.PulseAll(_lock);
        }
    }

    private void Load(Block block)
    {
        block.Fill(BlockBytes);
        lock (_lock)
        {
            block.State = State.Loaded;
            block.LastUse = ++_uses;
            if (_forgetting > 0)
                Monitor.PulseAll(_lock);
        }

        block.SayLoaded();
    }

    private void StartReaders()
    {
        for (int k = 0; k < _readers; k++)
            _threads.Add(StartedThread.Start($"direct {k}", ReadAhead));
    }

    private void ReadAhead()
    {
        var idle = new IdleReader();
        while (true)
        {
            Block? block;
            lock (_lock)
            {
                if (_isDisposed)
                    return;
                block = BeginWanted();
                if (block is null)
                    _idle.Push(idle);
            }

            block ??= idle.Wait();
            if (block is null)
                return;
            Load(block);
        }
    }

    private void AssignToIdleReaders()
    {
        while (_idle.Count > 0 && BeginWanted() is { } block)
            _idle.Pop().Wake(block);
    }

    /// <summary>Gives the next block that is to be read its memory; null where there is none, or no memory.</summary>
    private Block? BeginWanted()
    {
        if (!HasWanted() || FreeMemory() is not { } memory)
            return null;
        Block block = _wanted.Dequeue();
        block.BeginLoading(memory);
        return block;
    }

    // Blocks that a thread has read itself, or that are forgotten, are still in the queue.
    private bool HasWanted()
    {
        while (_wanted.TryPeek(out Block? block))
        {
            if (block.State == State.Queued)
                return true;
            _wanted.Dequeue();
        }

        return false;
    }

    /// <summary>Memory that is free, or holds what nobody waits for.</summary>
    private NativeBytes? FreeMemory() => _memory.TryTake() ?? MemoryOf(block => block.Awaited <= 0);

    // What was announced and never read would otherwise keep its memory for ever.
    private NativeBytes? OldestMemory() => MemoryOf(_ => true);

    private NativeBytes? MemoryOf(Func<Block, bool> mayGo)
    {
        Block? oldest = null;
        foreach (Block block in _blocks.Values)
        {
            if (block is { State: State.Loaded, Users: 0 } && mayGo(block) && (oldest is null || block.LastUse < oldest.LastUse))
                oldest = block;
        }

        if (oldest is null)
            return null;
        NativeBytes? memory = oldest.Memory;
        oldest.Memory = null;
        Remove(oldest);
        return memory;
    }

    private void Remove(Block block)
    {
        block.State = State.Gone;
        _blocks.Remove((block.File, block.Index));
        if (block.Memory is { } memory)
            _memory.Give(memory);
        block.Memory = null;
    }

    private long Overlap(long index, long offset, long length)
    {
        long start = index * BlockBytes;
        return Math.Min(offset + length, start + BlockBytes) - Math.Max(offset, start);
    }

    private enum State
    {
        Queued,
        Loading,
        Loaded,
        Gone,
    }

    /// <summary>
    /// A reader that has nothing to do. It sleeps at once: spinning, as semaphores do first, would take the processor from
    /// threads that compute.
    /// </summary>
    private sealed class IdleReader
    {
        private readonly object _waking = new();
        private Block? _block;
        private bool _isAwake;

        /// <summary>Waits for a block to read; null where none comes any more.</summary>
        public Block? Wait()
        {
            lock (_waking)
            {
                while (!_isAwake)
                    Monitor.Wait(_waking);
                _isAwake = false;
                return _block;
            }
        }

        public void Wake(Block? block)
        {
            lock (_waking)
            {
                _block = block;
                _isAwake = true;
                Monitor.Pulse(_waking);
            }
        }
    }

    /// <summary>A block of a file, and the memory that it is read into.</summary>
    private sealed class Block(IDirectFile file, long index)
    {
        private readonly object _loading = new();
        private DemException? _fault;
        private int _length;
        private bool _isLoaded;

        public IDirectFile File => file;

        public long Index => index;

        public State State { get; set; }

        public NativeBytes? Memory { get; set; }

        /// <summary>Announced bytes that have not been copied yet.</summary>
        public long Awaited { get; set; }

        /// <summary>Number of threads that wait for the block or copy from it.</summary>
        public int Users { get; set; }

        public long LastUse { get; set; }

        public void BeginLoading(NativeBytes memory)
        {
            Memory = memory;
            State = State.Loading;
        }

        public void SayLoaded()
        {
            lock (_loading)
            {
                _isLoaded = true;
                Monitor.PulseAll(_loading);
            }
        }

        public void WaitUntilLoaded()
        {
            lock (_loading)
            {
                while (!_isLoaded)
                    Monitor.Wait(_loading);
            }
        }

        public void Fill(int length)
        {
            try
            {
                _length = file.ReadBlock(index * length, Memory!.Value.Span);
            }
            catch (Exception e)
            {
                // Nothing above could catch it on a thread that reads ahead.
                _fault = e as DemException ?? new DemException(ErrorCode.ReadFailed, e.Message, e);
            }
        }

        /// <summary>Throws where the block could not be read, or ends too early.</summary>
        public void Require(int length)
        {
            if (_fault is not null)
                throw new DemException(_fault.Code, _fault.Message, _fault, _fault.Remedy) { Path = _fault.Path };
            if (_length < length)
                throw file.Shorter();
        }
    }
}
