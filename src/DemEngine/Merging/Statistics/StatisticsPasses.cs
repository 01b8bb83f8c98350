using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;

namespace DemEngine.Merging.Statistics;

/// <summary>From what a method wants to know of a tensor to the passes that find it out.</summary>
internal static class StatisticsPasses
{
    /// <summary>The passes of one measurement over one tensor, in order.</summary>
    public static IEnumerable<StatisticsPass> Start(Statistic measurement, TensorSources sources, DeltaInputs inputs, int tileElements)
    {
        switch (measurement)
        {
            case GramStatistic gram:
                return [new GramPass(gram, sources, tileElements)];
            case DivergenceStatistic divergence:
                return [new DivergencePass(divergence, inputs, tileElements)];
            default:
                StatisticsGroup group = Group(measurement, [(measurement, inputs)]);
                return Enumerable.Range(0, group.PassCount).Select(pass => group.Start(pass, member: 0, tileElements));
        }
    }

    /// <summary>A measurement over several tensors together.</summary>
    /// <param name="first">What is measured.</param>
    /// <param name="members">The same of each tensor, and from what.</param>
    public static StatisticsGroup Group(Statistic first, ImmutableArray<(Statistic Measurement, DeltaInputs Inputs)> members) => first switch
    {
        ThresholdStatistic => new RadixSelect([.. members.Select(member => new RadixSelectTensor((ThresholdStatistic)member.Measurement, member.Inputs))]),
        SumStatistic => new SumGroup([.. members.Select(member => new SumMember((SumStatistic)member.Measurement, member.Inputs))]),
        _ => throw new ArgumentOutOfRangeException(nameof(first), first.GetType(), "not measured over several tensors"),
    };

    /// <summary>Elements that these passes go over, counted in each.</summary>
    public static long Elements(Statistic measurement, TensorSources sources, DeltaInputs inputs) =>
        measurement is GramStatistic ? sources.CommonElements : Passes(measurement) * inputs.Elements;

    /// <summary>Number of passes that a measurement usually takes.</summary>
    public static int Passes(Statistic measurement) => measurement is ThresholdStatistic cuts ? RadixSelect.UsualPasses(cuts) : 1;
}
