using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>One tensor's part of a pass of a <see cref="RadixSelect"/>.</summary>
internal sealed class RadixSelectPass(RadixSelect group, int pass, RadixSelectTensor member, int tileElements)
    : StatisticsPass(member.Inputs.Parts, tileElements)
{
    private readonly Lock _lock = new();
    private bool _started;

    /// <summary>Sample of the elements to count; null to count all of them.</summary>
    public required RadixSelectSample? Sample { get; init; }

    /// <summary>Whether the pass usually has all elements to count.</summary>
    public required bool IsUsual { get; init; }

    public override long? ElementBytes => IsUsual ? null : 0;

    public override void Measure(int tile, long first, int count, ITileContext workspace)
    {
        if (group.Windows.IsEmpty)
            return;

        uint[] bins = group.TableFor(count);
        if (Sample is { } sample)
        {
            member.Count(group.Windows, sample.Pieces(first, count), bins, workspace);
            return;
        }

        // A thread's table holds the counts of several tiles, so this tile's counts are the difference between after and before.
        Start();
        ReadOnlySpan<TileCounts> kept = group.Kept.AsSpan();
        Span<uint> ofTile = member.CountsOf(tile);
        foreach (TileCounts counts in kept)
            bins.AsSpan(counts.Start, counts.Length).CopyTo(ofTile[counts.At..]);
        member.Count(group.Windows, first, count, bins, workspace);
        foreach (TileCounts counts in kept)
        {
            for (int k = 0; k < counts.Length; k++)
                ofTile[counts.At + k] = bins[counts.Start + k] - ofTile[counts.At + k];
        }
    }

    public override void Finish(ITileContext workspace)
    {
        Start();
        group.MemberFinished(pass, workspace);
    }

    /// <summary>
    /// Allocates the counts per tile. This cannot happen before the first tile, since the previous pass determines the windows.
    /// </summary>
    private void Start()
    {
        if (group.Kept.IsEmpty)
            return;
        lock (_lock)
        {
            if (!_started)
                member.StartTiles(this, group.Kept.Sum(counts => counts.Length));
            _started = true;
        }
    }
}
