using System.Collections.Immutable;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// One streaming pass over a tensor that is still to be made. The tensor is divided into tiles, which any thread may process in
/// any order.
/// </summary>
internal abstract class StatisticsPass
{
    private readonly int[] _firstTile;

    /// <param name="parts">Ranges of elements to process; each is divided into tiles by itself.</param>
    /// <param name="tileElements">Number of elements in a tile. The last tile of a part may have fewer.</param>
    protected StatisticsPass(ImmutableArray<(long First, long End)> parts, int tileElements)
    {
        Parts = [.. parts.Where(part => part.End > part.First)];
        TileElements = tileElements;
        _firstTile = new int[Parts.Length + 1];
        for (int k = 0; k < Parts.Length; k++)
            _firstTile[k + 1] = checked(_firstTile[k] + (int)((Parts[k].End - Parts[k].First + tileElements - 1) / tileElements));
    }

    /// <summary>Ranges of elements to process.</summary>
    public ImmutableArray<(long First, long End)> Parts { get; }

    /// <summary>Number of elements in a tile. The last tile of a part may have fewer.</summary>
    public int TileElements { get; }

    /// <summary>Bytes that are usually read for each element; null if all inputs of the tensor are read.</summary>
    public virtual long? ElementBytes => null;

    /// <summary>Number of tiles. A pass without elements has one empty tile, so that it is finished like any other.</summary>
    public int TileCount => Math.Max(1, _firstTile[^1]);

    /// <summary>Returns the range of a tile's elements.</summary>
    public (long First, int Count) Tile(int index)
    {
        if (Parts.IsEmpty)
            return (0, 0);

        int part = Array.BinarySearch(_firstTile, index);
        part = part < 0 ? ~part - 1 : part;
        long first = Parts[part].First + ((long)(index - _firstTile[part]) * TileElements);
        return (first, (int)Math.Min(TileElements, Parts[part].End - first));
    }

    /// <summary>Processes a tile. It is never called for an empty tile.</summary>
    public abstract void Measure(int tile, long first, int count, ITileContext workspace);

    /// <summary>Completes the pass. Called once, after the last tile.</summary>
    public abstract void Finish(ITileContext workspace);
}
