using DemEngine.Checkpoints.Shards;

namespace DemEngine.Checkpoints;

/// <summary>
/// Checks tensors of a file against hashes that are known, while the file is read in blocks that come in any order, and perhaps
/// more than once. A tensor of which not every block is read is not checked. Thread-safe.
/// </summary>
internal sealed class StreamedTensors : IBlockCheck
{
    // Leaves of which one part has come are kept until the other does. Of tensors that are read in pieces it never may.
    private const int MostHalves = 64;

    private readonly Lock _lock = new();
    private readonly Tensor[] _tensors;
    private int _halves;

    /// <param name="tensors">Name, place in the file and hash of each tensor.</param>
    public StreamedTensors(IEnumerable<(string Name, long Offset, long Length, string Hash)> tensors) => _tensors =
    [
        .. tensors.Where(tensor => tensor.Length > 0)
            .Select(tensor => new Tensor(tensor.Name, tensor.Offset, tensor.Length, tensor.Hash))
            .OrderBy(tensor => tensor.Start),
    ];

    /// <inheritdoc/>
    public string? Add(long offset, ReadOnlySpan<byte> block)
    {
        long end = offset + block.Length;
        foreach (Tensor tensor in _tensors)
        {
            if (tensor.Start >= end)
                break;
            if (tensor.Start + tensor.Length > offset && !Add(tensor, offset, block))
                return tensor.Name;
        }

        return null;
    }

    private bool Add(Tensor tensor, long offset, ReadOnlySpan<byte> block)
    {
        // The block's part of the tensor, in offsets within the tensor.
        long first = Math.Max(offset - tensor.Start, 0);
        long end = Math.Min(offset + block.Length - tensor.Start, tensor.Length);
        Span<byte> hash = stackalloc byte[ContentHash.HashBytes];
        for (long at = first; at < end;)
        {
            long leaf = at / ContentHash.LeafBytes;
            long leafStart = leaf * ContentHash.LeafBytes;
            int leafLength = (int)Math.Min(ContentHash.LeafBytes, tensor.Length - leafStart);
            int count = (int)(Math.Min(end, leafStart + leafLength) - at);
            ReadOnlySpan<byte> bytes = block.Slice((int)(tensor.Start + at - offset), count);
            if (count == leafLength)
            {
                ContentHash.HashLeaves(bytes, hash);
                lock (_lock)
                    tensor.Set(leaf, hash);
            }
            else
            {
                AddHalf(tensor, leaf, leafLength, (int)(at - leafStart), bytes);
            }

            at += count;
        }

        lock (_lock)
            return tensor.IsAsStated();
    }

    private void AddHalf(Tensor tensor, long leaf, int leafLength, int start, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (tensor.IsDone || tensor.Has(leaf))
                return;
            if (!tensor.Halves.TryGetValue(leaf, out SortedDictionary<int, byte[]>? parts))
            {
                if (_halves == MostHalves)
                {
                    _halves -= tensor.Forget();
                    return;
                }

                _halves++;
                tensor.Halves.Add(leaf, parts = []);
            }

            parts.TryAdd(start, bytes.ToArray());
            if (parts.Values.Sum(part => part.Length) != leafLength)
                return;
            byte[] whole = [.. parts.Values.SelectMany(part => part)];
            Span<byte> hash = stackalloc byte[ContentHash.HashBytes];
            ContentHash.HashLeaves(whole, hash);
            tensor.Halves.Remove(leaf);
            _halves--;
            tensor.Set(leaf, hash);
        }
    }

    /// <summary>A tensor, and the hashes of its leaves that have come.</summary>
    private sealed class Tensor(string name, long start, long length, string hash)
    {
        private readonly long _count = ContentHash.LeafCount(length);
        private byte[]? _leaves;
        private bool[]? _has;
        private long _set;

        public string Name => name;

        public long Start => start;

        public long Length => length;

        public Dictionary<long, SortedDictionary<int, byte[]>> Halves { get; } = [];

        /// <summary>Whether the tensor was checked, or is not to be.</summary>
        public bool IsDone { get; private set; }

        public bool Has(long leaf) => _has?[leaf] == true;

        public void Set(long leaf, ReadOnlySpan<byte> leafHash)
        {
            if (IsDone || Has(leaf))
                return;
            _leaves ??= new byte[_count * ContentHash.HashBytes];
            _has ??= new bool[_count];
            _has[leaf] = true;
            _set++;
            leafHash.CopyTo(_leaves.AsSpan((int)(leaf * ContentHash.HashBytes)));
        }

        /// <returns>False once every leaf has come, and their hash is another one.</returns>
        public bool IsAsStated()
        {
            if (IsDone || _set < _count)
                return true;
            IsDone = true;
            bool isSame = ContentHash.Finish(_leaves) == hash;
            _leaves = null;
            _has = null;
            return isSame;
        }

        /// <summary>Lets the tensor go unchecked.</summary>
        /// <returns>Number of leaves that were kept for it.</returns>
        public int Forget()
        {
            int count = Halves.Count;
            Halves.Clear();
            IsDone = true;
            _leaves = null;
            _has = null;
            return count;
        }
    }
}
