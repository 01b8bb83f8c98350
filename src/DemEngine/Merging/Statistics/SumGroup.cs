using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>Sums over the sparse differences of one or more tensors, adding the tensors in the order of the members.</summary>
/// <param name="members">Tensors that are summed over, all with the same kind of sum.</param>
internal sealed class SumGroup(ImmutableArray<SumMember> members) : StatisticsGroup(members.Length, passes: 1)
{
    public override StatisticsPass Start(int pass, int member, int tileElements) => members[member].Start(this, tileElements);

    protected override void FinishPass(int pass, ITileContext workspace)
    {
        double[] sum = members[0].Sum;
        foreach (SumMember member in members.Skip(1))
        {
            for (int k = 0; k < sum.Length; k++)
                sum[k] += member.Sum[k];
        }

        foreach (SumMember member in members)
            member.Measurement.Complete([.. sum]);
    }
}

/// <summary>One tensor of a <see cref="SumGroup"/>.</summary>
/// <param name="measurement">Statistic that names the kind of sum and receives the result.</param>
/// <param name="inputs">Inputs of the tensor.</param>
internal sealed class SumMember(SumStatistic measurement, DeltaInputs inputs)
{
    private SumPass? _pass;

    public SumStatistic Measurement => measurement;

    /// <summary>Sums over the tensor, available once its pass is finished.</summary>
    public double[] Sum => _pass!.Sum;

    public StatisticsPass Start(SumGroup group, int tileElements) =>
        _pass = new SumPass(group, measurement, inputs, tileElements);
}

/// <summary>One tensor's part of the pass of a <see cref="SumGroup"/>.</summary>
internal sealed class SumPass(SumGroup group, SumStatistic measurement, DeltaInputs inputs, int tileElements)
    : StatisticsPass(inputs.Parts, tileElements)
{
    private readonly Lazy<SparseDeltas> _deltas = new(() => measurement.Deltas);
    private readonly OrderedFold _fold = new(measurement.Sum.PerSource * inputs.SourceCount);

    public double[] Sum => _fold.Sum;

    public override void Measure(int tile, long first, int count, ITileContext workspace)
    {
        SparseDeltas deltas = inputs.In(first, _deltas.Value);
        double[] sums = new double[GramOrder.LeafCount(count) * deltas.Sources.Length * measurement.Sum.PerSource];
        TypedBytes[] tensors = inputs.Read(deltas, first, count, workspace);
        workspace.Worker.Deltas.Sums(deltas, measurement.Sum, tensors, first, sums);
        _fold.Add(tile, sums);
    }

    public override void Finish(ITileContext workspace) => group.MemberFinished(pass: 0, workspace);
}
