using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Computes the divergence of each row, in tiles of whole rows. In a tensor of a single row, only the elements that all sources
/// have count.
/// </summary>
internal sealed class DivergencePass : StatisticsPass
{
    private readonly DivergenceStatistic _measurement;
    private readonly DeltaInputs _inputs;
    private readonly int _rowElements;
    private readonly Lazy<float[]> _rows;

    public DivergencePass(DivergenceStatistic measurement, DeltaInputs inputs, int tileElements)
        : this(measurement, inputs, tileElements, RowsOf(measurement, inputs))
    {
    }

    private DivergencePass(
        DivergenceStatistic measurement,
        DeltaInputs inputs,
        int tileElements,
        (ImmutableArray<(long First, long End)> Parts, int RowElements) rows)
        : base(rows.Parts, Math.Max(1, tileElements / rows.RowElements) * rows.RowElements)
    {
        _measurement = measurement;
        _inputs = inputs;
        _rowElements = rows.RowElements;
        _rows = new Lazy<float[]>(() => new float[inputs.Elements / Math.Max(1, measurement.RowElements)]);
    }

    public override void Measure(int tile, long first, int count, ITileContext workspace)
    {
        TypedBytes[] tensors = _inputs.ReadTensors(first, count, workspace);
        TermKind kind = _inputs.In(first, [_measurement.Kind])[0];
        workspace.Worker.Deltas.Diverge(
            kind, tensors, _rowElements, _rows.Value.AsSpan((int)(first / _rowElements), count / _rowElements));
    }

    public override void Finish(ITileContext workspace) =>
        _measurement.Complete(new RowFactors(_measurement.RowElements, _rows.Value));

    private static (ImmutableArray<(long First, long End)> Parts, int RowElements) RowsOf(
        DivergenceStatistic measurement, DeltaInputs inputs)
    {
        bool isOneRow = measurement.RowElements >= inputs.Elements;
        return isOneRow && inputs.Parts.Length > 0
            ? ([inputs.Parts[0]], (int)Math.Max(1, inputs.Parts[0].End - inputs.Parts[0].First))
            : (inputs.Parts, (int)Math.Max(1, measurement.RowElements));
    }
}
