using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>One tensor of a <see cref="RadixSelect"/>.</summary>
/// <param name="measurement">Statistic whose thresholds are found.</param>
/// <param name="inputs">Inputs of the tensor.</param>
internal sealed class RadixSelectTensor(ThresholdStatistic measurement, DeltaInputs inputs)
{
    private readonly Lazy<DeltaKeys> _keys = new(() => measurement.Keys);
    private readonly Dictionary<int, Ties> _ties = [];
    private StatisticsPass? _pass;
    private uint[] _tiles = [];
    private int _counts;

    public ThresholdStatistic Measurement => measurement;

    public DeltaInputs Inputs => inputs;

    /// <summary>Counts the keys of a range of elements.</summary>
    public void Count(ImmutableArray<KeyWindow> windows, long first, int count, Span<uint> bins, ITileContext workspace)
    {
        TypedBytes[] tensors = inputs.ReadTensors(first, count, workspace);
        workspace.Worker.Deltas.Histogram(inputs.In(first, _keys.Value), tensors, first, windows.AsSpan(), bins);
    }

    /// <summary>
    /// Counts the keys of several pieces. The pieces are concatenated and counted in one call, as a device needs enough work for
    /// a call; where keys depend on the element's index, they are counted one by one.
    /// </summary>
    public void Count(
        ImmutableArray<KeyWindow> windows, IEnumerable<(long First, int Count)> pieces, Span<uint> bins, ITileContext workspace)
    {
        if (_keys.Value is ImportanceKeys)
        {
            foreach (var (first, count) in pieces)
                Count(windows, first, count, bins, workspace);
            return;
        }

        (long First, int Count)[] all = [.. pieces];
        TypedBytes[] tensors = inputs.ReadTensors(all, workspace);
        workspace.Worker.Deltas.Histogram(inputs.In(all[0].First, _keys.Value), tensors, all[0].First, windows.AsSpan(), bins);
    }

    /// <summary>Allocates a number of counts for each tile of a pass.</summary>
    public void StartTiles(StatisticsPass pass, int counts)
    {
        _pass = pass;
        _counts = counts;
        _tiles = new uint[pass.TileCount * counts];
    }

    /// <summary>Returns the counts of a tile.</summary>
    public Span<uint> CountsOf(int tile) => _tiles.AsSpan(tile * _counts, _counts);

    /// <summary>Keeps one of the counts per tile as the number of a threshold's ties in each tile.</summary>
    /// <param name="request">Index of the threshold.</param>
    /// <param name="at">Index of the count among those of a tile.</param>
    public void KeepTies(int request, int at) =>
        _ties[request] = new Ties(_pass!, [.. Enumerable.Range(0, _pass!.TileCount).Select(tile => CountsOf(tile)[at])]);

    /// <summary>Whether the ties of a threshold are known.</summary>
    public bool HasTies(int request) => _ties.ContainsKey(request);

    /// <summary>Returns the number of a threshold's ties in the tensor.</summary>
    public long TiesOf(int request) => _ties[request].OfTiles.Sum(ties => (long)ties);

    /// <summary>Finds the n-th tie of a threshold.</summary>
    /// <param name="window">Window that contains only the ties' key.</param>
    /// <param name="request">Index of the threshold.</param>
    /// <param name="number">Number of the tie, from 1 to the number of ties in the tensor.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Index of the tie in the tensor.</returns>
    public long IndexOfTie(KeyWindow window, int request, long number, ITileContext workspace)
    {
        Ties ties = _ties[request];
        int tile = 0;
        for (; number > ties.OfTiles[tile]; tile++)
            number -= ties.OfTiles[tile];

        // The tile is halved until one element is left.
        var (first, count) = ties.Pass.Tile(tile);
        while (count > 1)
        {
            using TileLoan loan = workspace.Borrow();
            int half = count / 2;
            uint[] there = [0];
            Count([window], first, half, there, workspace);
            if (number <= there[0])
            {
                count = half;
            }
            else
            {
                number -= there[0];
                first += half;
                count -= half;
            }
        }

        return first;
    }

    /// <summary>The ties of a threshold, counted per tile.</summary>
    /// <param name="Pass">Pass whose tiles the ties are counted in.</param>
    /// <param name="OfTiles">Number of ties in each tile.</param>
    private sealed record Ties(StatisticsPass Pass, uint[] OfTiles);
}
