using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;

namespace DemEngine.Merging.Statistics;

/// <summary>Maps the statistics that a method requests to the passes that compute them.</summary>
internal static class StatisticsPasses
{
    /// <summary>Starts the passes that compute a statistic of one tensor, in order.</summary>
    public static IEnumerable<StatisticsPass> Start(
        Statistic measurement, TensorSources sources, DeltaInputs inputs, int tileElements)
    {
        switch (measurement)
        {
            case GramStatistic gram:
                return [new GramPass(gram, sources, tileElements)];
            case ColumnGramStatistic columns:
                return [new ColumnGramPass(columns, sources, tileElements)];
            case DivergenceStatistic divergence:
                return [new DivergencePass(divergence, inputs, tileElements)];
            default:
                StatisticsGroup group = Group(measurement, [(measurement, inputs)]);
                return Enumerable.Range(0, group.PassCount).Select(pass => group.Start(pass, member: 0, tileElements));
        }
    }

    /// <summary>Makes the group that computes a cross-tensor statistic.</summary>
    /// <param name="first">Statistic to compute, whose type selects the group.</param>
    /// <param name="members">The same statistic for each tensor, with the inputs of that tensor.</param>
    public static StatisticsGroup Group(
        Statistic first, ImmutableArray<(Statistic Measurement, DeltaInputs Inputs)> members) => first switch
        {
            ThresholdStatistic => new RadixSelect(
                [.. members.Select(member => new RadixSelectTensor((ThresholdStatistic)member.Measurement, member.Inputs))]),
            SumStatistic => new SumGroup(
                [.. members.Select(member => new SumMember((SumStatistic)member.Measurement, member.Inputs))]),
            _ => throw new ArgumentOutOfRangeException(nameof(first), first.GetType(), "not measured over several tensors"),
        };

    /// <summary>Returns the number of elements that a statistic's passes read, counted in each pass.</summary>
    public static long Elements(Statistic measurement, TensorSources sources, DeltaInputs inputs) =>
        measurement is GramStatistic or ColumnGramStatistic ? sources.CommonElements : Passes(measurement) * inputs.Elements;

    /// <summary>Returns the number of passes that a statistic usually takes.</summary>
    public static int Passes(Statistic measurement) => measurement is ThresholdStatistic cuts ? RadixSelect.UsualPasses(cuts) : 1;
}
