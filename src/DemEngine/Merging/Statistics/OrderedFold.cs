using DemEngine.Numerics;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Adds the leaf sums of a tensor's tiles in the order of the tiles, whichever order they are measured in, as
/// <see cref="GramOrder"/> demands. Tiles that come early wait; no more of them than there are threads.
/// </summary>
/// <param name="numbers">That each leaf has.</param>
internal sealed class OrderedFold(int numbers)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, double[]> _early = [];
    private readonly double[] _sum = new double[numbers];
    private int _next;

    /// <summary>The sum of all tiles added so far, once they leave no gap.</summary>
    public double[] Sum
    {
        get
        {
            lock (_lock)
                return _early.Count == 0 ? _sum : throw new InvalidOperationException("tiles are missing");
        }
    }

    /// <summary>Adds a tile.</summary>
    /// <param name="tile">Its index, from 0.</param>
    /// <param name="leafSums">The numbers of each of its leaves. Kept until its turn comes.</param>
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
