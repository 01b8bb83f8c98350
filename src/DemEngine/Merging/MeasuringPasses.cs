using DemEngine.Methods;

namespace DemEngine.Merging;

/// <summary>From what a method wants to know to the passes that find it out.</summary>
internal static class MeasuringPasses
{
    /// <summary>The passes of one measurement over one tensor, in order.</summary>
    public static IEnumerable<MeasuringPass> Start(Measurement measurement, TensorSources sources, int tileElements) => measurement switch
    {
        GramMeasurement gram => [new GramPass(gram, sources, tileElements)],
        _ => throw Unknown(measurement),
    };

    /// <summary>Elements that these passes go over, counted in each.</summary>
    public static long Elements(Measurement measurement, TensorSources sources) => measurement switch
    {
        GramMeasurement => sources.CommonElements,
        _ => throw Unknown(measurement),
    };

    private static ArgumentOutOfRangeException Unknown(Measurement measurement) => new(nameof(measurement), measurement.GetType(), "not a known measurement");
}
