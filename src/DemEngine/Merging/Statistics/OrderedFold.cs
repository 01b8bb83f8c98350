using DemEngine.Numerics;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Adds the leaf sums of a tensor's tiles in the order of the tiles, whatever order they are computed in, as
/// <see cref="GramOrder"/> demands. Tiles that come early wait, at most as many as there are threads.
/// </summary>
/// <param name="numbers">Number of sums in each leaf.</param>
internal sealed class OrderedFold(int numbers)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, double[]> _early = [];
    private readonly double[] _sum = new double[numbers];
    private int _next;

    /// <summary>Sum of all tiles added so far, available once they leave no gap.</summary>
    public double[] Sum
    {
        get
        {
            lock (_lock)
                return _early.Count == 0 ? _sum : throw new InvalidOperationException("tiles are missing");
        }
    }

    /// <summary>Adds the leaf sums of a tile.</summary>
    /// <param name="tile">Index of the tile, from 0.</param>
    /// <param name="leafSums">Sums of the tile's leaves, leaf after leaf. The array is kept until the tile's turn comes.</param>
    public void Add(int tile, double[] leafSums)
    {
        lock (_lock)
        {
            _early.Add(tile, leafSums);
            while (_early.Remove(_next, out double[]? sums))
            {
                for (int at = 0; at < sums.Length; at += _sum.Length)
                {
                    for (int k = 0; k < _sum.Length; k++)
                        _sum[k] += sums[at + k];
                }

                _next++;
            }
        }
    }
}
