using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>One tensor of a <see cref="RadixSelect"/>.</summary>
/// <param name="measurement">Whose cuts are found.</param>
/// <param name="inputs">The tensor's.</param>
internal sealed class RadixSelectTensor(ThresholdStatistic measurement, DeltaInputs inputs)
{
    private readonly Lazy<DeltaKeys> _keys = new(() => measurement.Keys);
    private readonly Dictionary<int, Ties> _ties = [];
    private StatisticsPass? _pass;
    private uint[] _tiles = [];
    private int _counts;

    public ThresholdStatistic Measurement => measurement;

    public DeltaInputs Inputs => inputs;

    /// <summary>Counts the keys of some elements.</summary>
    public void Count(ImmutableArray<KeyWindow> windows, long first, int count, Span<uint> bins, ITileContext workspace)
    {
        TypedBytes[] tensors = inputs.ReadTensors(first, count, workspace);
        workspace.Worker.Deltas.Histogram(inputs.In(first, _keys.Value), tensors, first, windows.AsSpan(), bins);
    }

    /// <summary>Counts the keys of some pieces. Put one after the other they are counted at once, which a device needs; where keys depend on their place, piece by piece.</summary>
    public void Count(ImmutableArray<KeyWindow> windows, IEnumerable<(long First, int Count)> pieces, Span<uint> bins, ITileContext workspace)
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

    /// <summary>Makes room for some counts of each tile of a pass.</summary>
    public void StartTiles(StatisticsPass pass, int counts)
    {
        _pass = pass;
        _counts = counts;
        _tiles = new uint[pass.TileCount * counts];
    }

    /// <summary>The counts of a tile.</summary>
    public Span<uint> CountsOf(int tile) => _tiles.AsSpan(tile * _counts, _counts);

    /// <summary>Takes one of the counts of the tiles to be that of a cut's ties.</summary>
    /// <param name="request">Index of the cut.</param>
    /// <param name="at">Index of the count.</param>
    public void KeepTies(int request, int at) =>
        _ties[request] = new Ties(_pass!, [.. Enumerable.Range(0, _pass!.TileCount).Select(tile => CountsOf(tile)[at])]);

    /// <summary>Whether the ties of a cut are known.</summary>
    public bool HasTies(int request) => _ties.ContainsKey(request);

    /// <summary>The ties of the tensor.</summary>
    public long TiesOf(int request) => _ties[request].OfTiles.Sum(ties => (long)ties);

    /// <summary>Finds a tie by its number.</summary>
    /// <param name="window">That shows nothing but the ties.</param>
    /// <param name="request">Index of the cut.</param>
    /// <param name="number">From 1; there are so many.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <returns>Its index in the tensor.</returns>
    public long IndexOfTie(KeyWindow window, int request, long number, ITileContext workspace)
    {
        Ties ties = _ties[request];
        int tile = 0;
        for (; number > ties.OfTiles[tile]; tile++)
            number -= ties.OfTiles[tile];

        // Halves until one element is left.
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

    /// <summary>A cut's ties.</summary>
    /// <param name="Pass">In whose tiles they are counted.</param>
    /// <param name="OfTiles">How many there are in each.</param>
    private sealed record Ties(StatisticsPass Pass, uint[] OfTiles);
}
