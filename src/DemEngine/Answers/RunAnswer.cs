using System.Text.Json.Nodes;
using DemEngine.Merging.Output;

namespace DemEngine.Answers;

/// <summary>What a finished run did, as programs see it.</summary>
internal static class RunAnswer
{
    /// <summary>Gives a report as JSON.</summary>
    /// <param name="report">The report.</param>
    public static JsonObject Of(RunReport report) => new()
    {
        ["output"] = report.Output,
        ["backend"] = report.Backend,
        ["tensors"] = report.Tensors,
        ["resumed"] = report.Resumed,
        ["bytes_read"] = report.BytesRead,
        ["bytes_written"] = report.BytesWritten,
        ["seconds"] = report.Seconds,
        ["sync_seconds"] = report.SyncSeconds,
        ["non_finite"] = new JsonArray([.. report.NonFinite.Select(one =>
            new JsonObject { ["tensor"] = one.Tensor, ["inputs"] = one.Inputs, ["outputs"] = one.Outputs })]),
        ["notes"] = JsonValues.Of(report.Remarks),
        ["gigabytes_per_second"] = report.GigabytesPerSecond,
    };
}
