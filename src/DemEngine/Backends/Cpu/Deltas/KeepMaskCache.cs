using System.Collections.Concurrent;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Cache of the elements that random masks keep, one bit each. Bits are cached from when they are drawn for the norms until the
/// differences are combined, since drawing takes longer than combining. The cache is shared by all workers, which do not wait for
/// each other. Bits that are not cached are drawn again.
/// </summary>
internal sealed class KeepMaskCache
{
    /// <summary>Number of elements whose bits are stored and taken together.</summary>
    public const int BlockElements = 2048;

    /// <summary>Number of 64-bit words that hold the bits of a block.</summary>
    public const int BlockWords = BlockElements / 64;

    private const int PageBlocks = 64;
    private const int PageElements = PageBlocks * BlockElements;
    private const int PageBytes = PageElements / 8;

    private readonly ConcurrentDictionary<Place, Page> _pages = [];
    private long _allowed;
    private long _taken;

    /// <summary>Lets the cache use <paramref name="bytes"/> more bytes until the result is disposed.</summary>
    public IDisposable Allow(long bytes) => new Allowance(this, bytes / PageBytes);

    /// <summary>Stores the bits of a block, if the allowance permits.</summary>
    /// <param name="filter">Mask that the bits were drawn for.</param>
    /// <param name="first">Index of the block's first element.</param>
    /// <param name="bits">Bits of the block, one for each element.</param>
    public void Store(BernoulliMask filter, long first, ReadOnlySpan<ulong> bits)
    {
        if (first % BlockElements != 0 || Volatile.Read(ref _allowed) == 0)
            return;

        Place place = Place.Of(filter, first);
        if (!_pages.TryGetValue(place, out Page? page))
        {
            if (Interlocked.Increment(ref _taken) > Volatile.Read(ref _allowed))
            {
                Interlocked.Decrement(ref _taken);
                return;
            }

            var made = new Page();
            page = _pages.GetOrAdd(place, made);
            if (page != made)
                Interlocked.Decrement(ref _taken);
        }

        page.Store(first, bits);
    }

    /// <summary>Takes the bits of a block out of the cache.</summary>
    /// <returns>False if the bits are not in the cache.</returns>
    public bool TryTake(BernoulliMask filter, long first, Span<ulong> bits)
    {
        if (first % BlockElements != 0)
            return false;

        Place place = Place.Of(filter, first);
        if (!_pages.TryGetValue(place, out Page? page) || !page.TryTake(first, bits))
            return false;
        if (page.IsEmpty)
            Remove(place);
        return true;
    }

    private void Remove(Place place)
    {
        if (_pages.TryRemove(place, out _))
            Interlocked.Decrement(ref _taken);
    }

    private readonly record struct Place(ulong Stream, ulong Threshold, long Page)
    {
        public static Place Of(BernoulliMask filter, long first) => new(filter.Stream, filter.Threshold, first / PageElements);
    }

    /// <summary>
    /// Bits of consecutive blocks. A page is never reused for others: a late store writes to a page that is no longer reachable.
    /// What is stored at a place is always the same.
    /// </summary>
    private sealed class Page
    {
        private readonly ulong[] _bits = new ulong[PageBytes / sizeof(ulong)];
        private ulong _there;

        public bool IsEmpty => Volatile.Read(ref _there) == 0;

        public void Store(long first, ReadOnlySpan<ulong> bits)
        {
            int block = Block(first);
            bits.CopyTo(_bits.AsSpan(block * BlockWords));
            Interlocked.Or(ref _there, 1UL << block);
        }

        public bool TryTake(long first, Span<ulong> bits)
        {
            int block = Block(first);
            if ((Volatile.Read(ref _there) >> block & 1) == 0)
                return false;
            _bits.AsSpan(block * BlockWords, BlockWords).CopyTo(bits);
            Interlocked.And(ref _there, ~(1UL << block));
            return true;
        }

        private static int Block(long first) => (int)(first % PageElements / BlockElements);
    }

    private sealed class Allowance : IDisposable
    {
        private readonly KeepMaskCache _bits;
        private readonly long _pages;

        public Allowance(KeepMaskCache bits, long pages)
        {
            (_bits, _pages) = (bits, pages);
            Interlocked.Add(ref bits._allowed, pages);
        }

        /// <summary>Removes everything from the cache if this is the last allowance.</summary>
        public void Dispose()
        {
            if (Interlocked.Add(ref _bits._allowed, -_pages) > 0)
                return;
            foreach (Place place in _bits._pages.Keys)
                _bits.Remove(place);
        }
    }
}
