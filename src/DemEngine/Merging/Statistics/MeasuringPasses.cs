using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;

namespace DemEngine.Merging.Statistics;

/// <summary>From what a method wants to know of a tensor to the passes that find it out.</summary>
internal static class MeasuringPasses
{
    /// <summary>The passes of one measurement over one tensor, in order.</summary>
    public static IEnumerable<MeasuringPass> Start(Measurement measurement, TensorSources sources, DeltaInputs inputs, int tileElements)
    {
        switch (measurement)
        {
            case GramMeasurement gram:
                return [new GramPass(gram, sources, tileElements)];
            case DivergenceMeasurement divergence:
                return [new DivergencePass(divergence, inputs, tileElements)];
            default:
                MeasuringGroup group = Group(measurement, [(measurement, inputs)]);
                return Enumerable.Range(0, group.PassCount).Select(pass => group.Start(pass, member: 0, tileElements));
        }
    }

    /// <summary>A measurement over several tensors together.</summary>
    /// <param name="first">What is measured.</param>
    /// <param name="members">The same of each tensor, and from what.</param>
    public static MeasuringGroup Group(Measurement first, ImmutableArray<(Measurement Measurement, DeltaInputs Inputs)> members) => first switch
    {
        CutMeasurement => new CutGroup([.. members.Select(member => new CutMember((CutMeasurement)member.Measurement, member.Inputs))]),
        SumMeasurement => new SumGroup([.. members.Select(member => new SumMember((SumMeasurement)member.Measurement, member.Inputs))]),
        _ => throw new ArgumentOutOfRangeException(nameof(first), first.GetType(), "not measured over several tensors"),
    };

    /// <summary>Elements that these passes go over, counted in each.</summary>
    public static long Elements(Measurement measurement, TensorSources sources, DeltaInputs inputs) =>
        measurement is GramMeasurement ? sources.CommonElements : Passes(measurement) * inputs.Elements;

    /// <summary>Number of passes that a measurement usually takes.</summary>
    public static int Passes(Measurement measurement) => measurement is CutMeasurement cuts ? CutGroup.UsualPasses(cuts) : 1;
}
