using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Methods;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Deltas;

/// <summary>One tensor of a <see cref="CutGroup"/>.</summary>
/// <param name="measurement">Whose cuts are found.</param>
/// <param name="inputs">The tensor's.</param>
internal sealed class CutMember(CutMeasurement measurement, DeltaInputs inputs)
{
    private readonly Lazy<DeltaKeys> _keys = new(() => measurement.Keys);
    private MeasuringPass? _tiles;
    private uint[] _ties = [];
    private int _windows;

    public CutMeasurement Measurement => measurement;

    public DeltaInputs Inputs => inputs;

    /// <summary>Counts the keys of some elements.</summary>
    public void Count(ImmutableArray<KeyWindow> windows, long first, int count, Span<uint> bins, TileWorkspace workspace)
    {
        TypedBytes[] tensors = inputs.ReadTensors(first, count, workspace);
        workspace.Worker.Deltas.Histogram(inputs.In(first, _keys.Value), tensors, first, windows.AsSpan(), bins);
    }

    /// <summary>Makes room for the ties of each tile.</summary>
    public void StartTies(MeasuringPass tiles, int windows)
    {
        _tiles = tiles;
        _windows = windows;
        _ties = new uint[tiles.TileCount * windows];
    }

    /// <summary>The ties of a tile, one count for each window.</summary>
    public Span<uint> TiesOf(int tile) => _ties.AsSpan(tile * _windows, _windows);

    /// <summary>The ties of the tensor.</summary>
    public long Ties(int window)
    {
        long sum = 0;
        for (int at = window; at < _ties.Length; at += _windows)
            sum += _ties[at];
        return sum;
    }

    /// <summary>Finds a tie by its number.</summary>
    /// <param name="window">That shows nothing but the ties.</param>
    /// <param name="index">The window's index.</param>
    /// <param name="number">From 1; there are so many.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <returns>Its index in the tensor.</returns>
    public long IndexOfTie(KeyWindow window, int index, long number, TileWorkspace workspace)
    {
        int tile = 0;
        for (; number > TiesOf(tile)[index]; tile++)
            number -= TiesOf(tile)[index];

        // Halves until one element is left.
        var (first, count) = _tiles!.Tile(tile);
        while (count > 1)
        {
            workspace.StartTile();
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
}
