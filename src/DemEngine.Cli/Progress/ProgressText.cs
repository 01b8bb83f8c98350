using System.Text.Json.Nodes;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Progress;

/// <summary>Formats progress of one kind.</summary>
/// <typeparam name="T">Type of the progress reports.</typeparam>
/// <param name="Line">Function that describes the progress in words, given the time elapsed so far.</param>
/// <param name="Share">Function that gives the share that is done, from 0 to 1.</param>
internal sealed record ProgressText<T>(Func<T, TimeSpan, string> Line, Func<T, double> Share)
{
    /// <summary>Function that gives the members of a JSON line beyond the time; null for the words and the share.</summary>
    public Func<T, TimeSpan, JsonObject>? Members { get; init; }

    /// <summary>The JSON object of a line.</summary>
    public JsonObject Json(T progress, TimeSpan elapsed)
    {
        JsonObject line = Members?.Invoke(progress, elapsed)
            ?? new JsonObject { ["text"] = Line(progress, elapsed), ["share"] = Math.Round(Share(progress), 4) };
        line["seconds"] = Math.Round(elapsed.TotalSeconds, 3);
        return line;
    }
}

/// <summary>Formats the progress of a run that reads and writes.</summary>
internal static class RunProgressText
{
    private const double LongestSeconds = 1e6;

    public static ProgressText<RunProgress> Text { get; } = new(
        (progress, elapsed) => $"{progress.Phase}: {Describe(progress, elapsed)}",
        progress => progress.BytesTotal == 0 ? 0 : (double)progress.BytesDone / progress.BytesTotal)
    {
        Members = (progress, elapsed) => new JsonObject
        {
            ["phase"] = progress.Phase,
            ["bytes_done"] = progress.BytesDone,
            ["bytes_total"] = progress.BytesTotal,
            ["tensors_done"] = progress.TensorsTotal > 0 ? progress.TensorsDone : null,
            ["tensors_total"] = progress.TensorsTotal > 0 ? progress.TensorsTotal : null,
            ["tensor"] = progress.Tensor,
            ["shard"] = progress.Shard,
            ["bytes_per_second"] = Math.Round(Rate(progress, elapsed)),
        },
    };

    /// <summary>Describes the bytes done, the bytes in all, the rate, and the time left.</summary>
    internal static string Describe(RunProgress progress, TimeSpan elapsed)
    {
        double rate = Rate(progress, elapsed);
        double rest = (progress.BytesTotal - progress.BytesDone) / Math.Max(rate, 1);

        // A run that has hardly begun says nothing of the time that it will take.
        string left = rate > 0 && rest < LongestSeconds ? $", {Left(TimeSpan.FromSeconds(rest))}" : "";
        return $"{Sizes.Format(progress.BytesDone)} of {Sizes.Format(progress.BytesTotal)}, {Sizes.Format(rate)}/s{left}";
    }

    /// <summary>Formats the time left. Hours are not wrapped into days.</summary>
    internal static string Left(TimeSpan rest) => $"{(int)rest.TotalHours}{rest:\\:mm\\:ss} left";

    private static double Rate(RunProgress progress, TimeSpan elapsed) =>
        progress.BytesDone / Math.Max(elapsed.TotalSeconds, 1e-3);
}
