using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Tensors;

/// <summary>An output tensor that a method merges from the sources.</summary>
internal sealed class MergedTensor : OutputTensor
{
    private readonly TensorSources _sources;
    private readonly DeltaInputs _inputs;
    private readonly TensorMerge _program;
    private readonly IReadOnlyList<string> _models;
    private readonly ZeroCheck _zero;
    private TensorProducer? _production;

    /// <param name="spec">Name, type and shape of the output tensor.</param>
    /// <param name="sources">Inputs that the tensor is made from.</param>
    /// <param name="program">Statistics to compute, and the combination that follows from them.</param>
    /// <param name="method">Name of the method, for the plan where the combination is not known before the run.</param>
    /// <param name="models">Names of the base and of the sources in the recipe, in this order.</param>
    public MergedTensor(TensorSpec spec, TensorSources sources, TensorMerge program, string method, IReadOnlyList<string> models)
        : base(spec)
    {
        _sources = sources;
        _inputs = new DeltaInputs(sources, spec.Shape.RowLength);
        _program = program;
        _models = models;
        _zero = new ZeroCheck(sources.Inputs);
        if (program.Measurements.IsEmpty)
            Solve();
        Operation = _production?.Description ?? method + Means(program);
    }

    public override IReadOnlyList<TensorReader> Inputs => _sources.Inputs;

    public override IEnumerable<TensorReader> GivenToBackend => Inputs;

    public override int RankBuffers => _program.RankedSources;

    // A method that works by row reads the whole of the rows in which a tile starts or ends.
    // One that measures columns takes a leaf of whole rows at a time.
    public override long ReadMargin => _program.IsByColumn
        ? ColumnGramPass.LeafRows(Spec.Shape.RowElements) * Spec.Shape.RowElements
        : _program.IsByRow ? 2 * Spec.Shape.RowLength : 0;

    // Set once when the plan is made: the plan's hash includes it, so a run must not change it.
    public override string Operation { get; }

    public override IEnumerable<PlannedSource> Sources => _sources.Named(_models);

    public override long StatisticsElements => _program.Measurements.IsEmpty
        ? 0
        : OfTensor.Sum(measurement => StatisticsPasses.Elements(measurement, _sources, _inputs));

    public override IReadOnlyList<CrossTensorPart> CrossTensorParts => _program.Measurements.IsEmpty
        ? []
        :
    [
        .. _program.Measurements.Select((measurement, order) => new CrossTensorPart(
                Spec.Name, order, measurement, _inputs, Spec.Type.Size, InputCost.Of(Inputs).ElementBytes))
            .Where(part => part.Measurement.Scope != MergeScope.Tensor),
    ];

    private IEnumerable<Statistic> OfTensor => _program.Measurements.Where(measurement => measurement.Scope == MergeScope.Tensor);

    public override IReadOnlyList<StatisticsPass> StartPasses(int tileElements) =>
        [.. OfTensor.SelectMany(measurement => StatisticsPasses.Start(measurement, _sources, _inputs, tileElements))];

    public override void CrossTensorStatisticsDone()
    {
        if (!OfTensor.Any())
            Solve();
    }

    public override object? StatisticsKey => _program.Measurements.IsEmpty || CrossTensorParts.Count > 0
        ? null
        : ValueList.Create<object>([.. _program.Measurements.Select(statistic => statistic.Key)]);

    public override void ReuseStatistics(OutputTensor other)
    {
        foreach (var (own, of) in _program.Measurements.Zip(((MergedTensor)other)._program.Measurements))
            own.TakeFrom(of);
        Solve();
    }

    public override void Solve() => _production = _program.Solve() switch
    {
        DeltaCombination deltas => new DeltaProducer(deltas, _inputs),
        LinearCombination sum => new LinearProducer(sum, _sources),
        RowwiseCombination rows => new RowwiseProducer(rows, _sources, Spec.Shape),
        ColumnwiseCombination columns => new ColumnwiseProducer(columns, _sources),
        var other => throw new InvalidOperationException($"{other.GetType()} is no known form of a combination"),
    };

    public override bool IsLost => _zero.IsLost;

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        NonFinite made = _production!.Produce(first, output, workspace);
        NonFinite nonFinite = SharedInfinities.Keep(_sources, first, output, made, workspace);
        _zero.See(first, output, workspace);
        return nonFinite;
    }

    public override NonFinite[] ProduceEach(
        IReadOnlyList<OutputTensor> tensors, long first, IReadOnlyList<TypedBytes> outputs, ITileContext workspace)
    {
        MergedTensor[] merged = [.. tensors.Cast<MergedTensor>()];
        NonFinite[] nonFinite = TensorProducer.ProduceEach(
            [.. merged.Select(tensor => tensor._production!)], first, outputs, workspace);
        for (int k = 0; k < merged.Length; k++)
        {
            nonFinite[k] = SharedInfinities.Keep(merged[k]._sources, first, outputs[k], nonFinite[k], workspace);
            merged[k]._zero.See(first, outputs[k], workspace);
        }

        return nonFinite;
    }

    public override void WillNeed(long first, long count) => _inputs.WillNeed(first, count);

    /// <summary>Describes, for the plan, how the combination will be found.</summary>
    private static string Means(TensorMerge program)
    {
        if (program.Measurements.IsEmpty)
            return program.IsByRow ? ", row by row" : "";
        string over = program.Measurements.Max(measurement => measurement.Scope) switch
        {
            MergeScope.Layer => " over its layer",
            MergeScope.Model => " over the whole model",
            _ => "",
        };
        return $" after measuring {string.Join(" and ", program.Measurements.Select(measurement => measurement.Subject))}{over}";
    }
}
