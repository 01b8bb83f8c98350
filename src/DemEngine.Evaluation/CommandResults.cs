using System.Collections.Immutable;

namespace DemEngine.Evaluation;

/// <summary>Reads the results of an evaluation that another program has made before.</summary>
public static class CommandResults
{
    /// <summary>Reads scores from a file or a folder.</summary>
    /// <param name="path">
    /// Path of a file with the output of a program, see <see cref="CommandOutput"/>; or of the folder that it wrote to, of which
    /// the files <c>results*.json</c> are read, at any depth, or the only JSON file that holds metrics.
    /// </param>
    /// <param name="metrics">Metrics to take; empty for all that are found.</param>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed): the path cannot be read. DEM4102, DEM4203 (CommandGaveNoNumber, MetricUnclear): there is no
    /// number, or not exactly one metric that was asked for.
    /// </exception>
    public static ImmutableArray<Score> Read(string path, ImmutableArray<Metric> metrics)
    {
        if (Directory.Exists(path))
        {
            return CommandFiles.Read(path) is { Count: > 0 } printed
                ? CommandOutput.Choose(printed, metrics)
                : throw new DemException(ErrorCode.CommandGaveNoNumber, $"{path}: no JSON file in it holds metrics");
        }

        try
        {
            return CommandOutput.Read(File.ReadAllText(path), metrics);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{path}: {e.Message}", e);
        }
    }
}
