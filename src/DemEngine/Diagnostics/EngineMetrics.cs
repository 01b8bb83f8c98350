using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace DemEngine.Diagnostics;

/// <summary>
/// What a program can observe of runs with the tools of the base class library, such as <c>dotnet-counters</c> or
/// OpenTelemetry: the
/// <see cref="Meter"/> and the <see cref="ActivitySource"/> named <see cref="Name"/>. They cost next to nothing while nobody
/// listens.
/// </summary>
public static class EngineMetrics
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "DemEngine";

    private static readonly Meter Meter = new(Name);

    /// <summary>Activities: one for each run, and within it one for each phase.</summary>
    internal static ActivitySource Activities { get; } = new(Name);

    /// <summary>Bytes of tensors and headers that tiles read from the inputs, and wrote to the outputs.</summary>
    internal static Counter<long> TileBytes { get; } =
        Meter.CreateCounter<long>("dem.tile.bytes", "By", "Bytes that tiles read from the inputs and wrote to the outputs.");

    /// <summary>Tiles that were finished, with the tag <c>phase</c>: "statistics" or "produce".</summary>
    internal static Counter<long> Tiles { get; } = Meter.CreateCounter<long>("dem.tiles", "{tile}", "Tiles that were finished.");

    /// <summary>Tensors of outputs that were completed.</summary>
    internal static Counter<long> Tensors { get; } =
        Meter.CreateCounter<long>("dem.tensors", "{tensor}", "Tensors that were completed.");

    /// <summary>Reads that the input cache answered, instead of a file.</summary>
    internal static Counter<long> CacheHits { get; } =
        Meter.CreateCounter<long>(
            "dem.cache.hits", "{read}", "Parts of inputs that were read from the input cache instead of their source.");

    /// <summary>Seconds that runs took, with the tag <c>operation</c>.</summary>
    internal static Histogram<double> RunDuration { get; } =
        Meter.CreateHistogram<double>("dem.run.duration", "s", "Time that runs took.");

    private static readonly KeyValuePair<string, object?> Statistics = new("phase", "statistics");
    private static readonly KeyValuePair<string, object?> Produce = new("phase", "produce");

    /// <summary>Counts a finished tile.</summary>
    /// <param name="isStatistics">Whether statistics were computed rather than a part of an output.</param>
    /// <param name="bytes">Bytes that the tile read and wrote.</param>
    internal static void TileDone(bool isStatistics, long bytes)
    {
        TileBytes.Add(bytes);
        Tiles.Add(1, isStatistics ? Statistics : Produce);
    }
}
