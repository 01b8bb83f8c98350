using System.Text.Json.Nodes;
using DemEngine.Analysis;

namespace DemEngine.Answers;

/// <summary>What a verification found, as programs see it.</summary>
internal static class VerifyAnswer
{
    /// <summary>Gives a report as JSON.</summary>
    /// <param name="report">The report.</param>
    public static JsonObject Of(VerifyReport report) => new()
    {
        ["path"] = report.Path,
        ["intact"] = report.IsIntact,
        ["tensors"] = report.Tensors,
        ["bytes"] = report.Bytes,
        ["differing"] = JsonValues.Of(report.Differing),
        ["missing"] = JsonValues.Of(report.Missing),
        ["extra"] = JsonValues.Of(report.Extra),
        ["without_checksum"] = report.WithoutChecksum,
        ["files"] = report.Files is not { } files
            ? null
            : new JsonObject
            {
                ["count"] = files.Count,
                ["differing"] = JsonValues.Of(files.Differing),
                ["missing"] = JsonValues.Of(files.Missing),
                ["extra"] = JsonValues.Of(files.Extra),
                ["notes"] = JsonValues.Of(files.Notes),
            },
    };
}
