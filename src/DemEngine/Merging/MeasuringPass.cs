using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>One streaming pass over a tensor that is still to be made, cut in tiles, by any thread and in any order.</summary>
/// <param name="elements">Over how many elements, from the tensor's first.</param>
/// <param name="tileElements">In a tile; the last may have fewer. Whole leaves of <see cref="GramOrder"/>.</param>
internal abstract class MeasuringPass(long elements, int tileElements)
{
    /// <summary>Over how many elements.</summary>
    public long Elements => elements;

    /// <summary>In a tile.</summary>
    public int TileElements => tileElements;

    public int TileCount { get; } = checked((int)Math.Max(1, (elements + tileElements - 1) / tileElements));

    /// <summary>The elements of a tile; none in the one tile of an empty tensor.</summary>
    public (long First, int Count) Tile(int index)
    {
        long first = (long)index * tileElements;
        return (first, (int)Math.Min(tileElements, elements - first));
    }

    /// <summary>Bytes that are read for each element; null if every input of the tensor is.</summary>
    public virtual long? ElementBytes => null;

    /// <summary>Measures a tile.</summary>
    public abstract void Measure(int tile, TileWorkspace workspace);

    /// <summary>Called once, after the last tile.</summary>
    public abstract void Finish();
}
