using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>
/// Adds the leaf sums of a tensor's tiles in the order of the tiles, whichever order they are measured in, as <see cref="GramOrder"/>
/// demands. Tiles that come early wait; no more of them than there are threads.
/// </summary>
internal sealed class OrderedFold(int order)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, double[]> _early = [];
    private readonly GramMatrix _sum = new(order);
    private int _next;

    /// <summary>The sum of all tiles added so far, once they leave no gap.</summary>
    public GramMatrix Sum
    {
        get
        {
            lock (_lock)
                return _early.Count == 0 ? _sum : throw new InvalidOperationException("tiles are missing");
        }
    }

    /// <summary>Adds a tile.</summary>
    /// <param name="tile">Its index, from 0.</param>
    /// <param name="leafSums">For each leaf of the tile one sum for each pair. Kept until its turn comes.</param>
    public void Add(int tile, double[] leafSums)
    {
        lock (_lock)
        {
            _early.Add(tile, leafSums);
            while (_early.Remove(_next, out double[]? sums))
            {
                int pairs = _sum.Upper.Length;
                for (int at = 0; at < sums.Length; at += pairs)
                    _sum.Add(sums.AsSpan(at, pairs));
                _next++;
            }
        }
    }
}
