using System.Collections.Immutable;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>One streaming pass over a tensor that is still to be made, cut in tiles, by any thread and in any order.</summary>
internal abstract class StatisticsPass
{
    private readonly int[] _firstTile;

    /// <param name="parts">The elements to be measured; each part is cut into tiles by itself.</param>
    /// <param name="tileElements">In a tile; the last of a part may have fewer.</param>
    protected StatisticsPass(ImmutableArray<(long First, long End)> parts, int tileElements)
    {
        Parts = [.. parts.Where(part => part.End > part.First)];
        TileElements = tileElements;
        _firstTile = new int[Parts.Length + 1];
        for (int k = 0; k < Parts.Length; k++)
            _firstTile[k + 1] = checked(_firstTile[k] + (int)((Parts[k].End - Parts[k].First + tileElements - 1) / tileElements));
    }

    /// <summary>The elements to be measured.</summary>
    public ImmutableArray<(long First, long End)> Parts { get; }

    /// <summary>In a tile.</summary>
    public int TileElements { get; }

    /// <summary>Bytes that are usually read for each element; null if every input of the tensor is.</summary>
    public virtual long? ElementBytes => null;

    /// <summary>Number of tiles; where there is no element, one of nothing, so that the pass is finished like any other.</summary>
    public int TileCount => Math.Max(1, _firstTile[^1]);

    /// <summary>The elements of a tile.</summary>
    public (long First, int Count) Tile(int index)
    {
        if (Parts.IsEmpty)
            return (0, 0);

        int part = Array.BinarySearch(_firstTile, index);
        part = part < 0 ? ~part - 1 : part;
        long first = Parts[part].First + ((long)(index - _firstTile[part]) * TileElements);
        return (first, (int)Math.Min(TileElements, Parts[part].End - first));
    }

    /// <summary>Measures a tile; one of no elements is not asked for.</summary>
    public abstract void Measure(int tile, long first, int count, ITileContext workspace);

    /// <summary>Called once, after the last tile.</summary>
    public abstract void Finish(ITileContext workspace);
}
