using System.Collections.Immutable;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>
/// Reads metrics from the files that an evaluation command wrote: those named <c>results*.json</c>, in the folder or below it, as
/// evaluation harnesses name them; if there is none, the only JSON file that holds metrics.
/// </summary>
internal static class CommandFiles
{
    /// <summary>Reads the metrics of a folder; empty if no file has any.</summary>
    /// <exception cref="DemException">
    /// DEM4203 (MetricUnclear): several files hold metrics, and none is named as results are. DEM4003 (ReadFailed): a file
    /// cannot be read.
    /// </exception>
    public static IReadOnlyList<PrintedMetric> Read(string folder)
    {
        try
        {
            string[] files =
            [
                .. Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories)
                    .OrderBy(File.GetLastWriteTimeUtc)
                    .ThenBy(file => file, StringComparer.Ordinal),
            ];
            string[] results = [.. files.Where(file => Path.GetFileName(file).StartsWith("results", StringComparison.Ordinal))];
            (string File, IReadOnlyList<PrintedMetric> Metrics)[] read =
            [
                .. (results.Length > 0 ? results : files)
                    .Select(file => (file, MetricObject.Read(File.ReadAllText(file)) ?? []))
                    .Where(one => one.Item2.Count > 0),
            ];
            if (results.Length == 0 && read.Length > 1)
            {
                ImmutableArray<string> names = [.. read.Select(one => Path.GetRelativePath(folder, one.File))];
                throw new DemException(
                    ErrorCode.MetricUnclear,
                    $"several of its files hold metrics, and none is called results.json: {Quoted.List(names)}");
            }

            return [.. read.SelectMany(one => one.Metrics)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{folder}: {e.Message}", e);
        }
    }
}
