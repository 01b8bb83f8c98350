using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>One tensor's part of a pass of a <see cref="RadixSelect"/>.</summary>
internal sealed class RadixSelectPass(RadixSelect group, int pass, RadixSelectTensor member, int tileElements)
    : StatisticsPass(member.Inputs.Parts, tileElements)
{
    private readonly Lock _lock = new();
    private bool _started;

    /// <summary>What is looked at; null for everything.</summary>
    public required RadixSelectSample? Sample { get; init; }

    /// <summary>Whether there usually is something to be counted.</summary>
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

        // What a tile counts is what it adds.
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

    /// <summary>Not before the first tile, since the windows are those that the pass before has found.</summary>
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
