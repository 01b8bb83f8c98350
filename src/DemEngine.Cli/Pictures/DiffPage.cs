using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Cli.Pictures;

/// <summary>Writes a <see cref="CheckpointDiff"/> as a page: every tensor that differs, with the share of its elements.</summary>
internal static class DiffPage
{
    /// <summary>Gives the text of the page.</summary>
    public static string Write(CheckpointDiff diff)
    {
        TensorDiff[] different = [.. diff.Different];
        var page = new ReportPage($"{diff.A} and {diff.B}");
        page.Note(diff.IsIdentical
            ? $"Identical: {diff.Common.Length} tensors."
            : $"Different: {different.Length} of {diff.Common.Length} common tensors, {diff.OnlyInA.Length} only in the first, "
                + $"{diff.OnlyInB.Length} only in the second.");
        if (different.Length > 0)
        {
            page.Heading("Tensors that differ");
            page.Note("Behind the number of differing elements is a bar for their share of all.");
            page.Table(
                ["tensor", "first", "second", " differing", " of", " largest", "at"],
                different.Select(tensor => (IReadOnlyList<ReportCell>)
                [
                    new(tensor.Name),
                    new(Describe(tensor.A)),
                    new(Describe(tensor.B)),
                    Differing(tensor),
                    new($"{tensor.A.Shape.ElementCount}"),
                    new(tensor.Largest is { } largest ? $"{largest:g6}" : ""),
                    new(tensor.Largest is null ? "" : $"[{string.Join(", ", tensor.LargestAt)}]"),
                ]));
        }

        Only(page, "Only in the first", diff.OnlyInA);
        Only(page, "Only in the second", diff.OnlyInB);
        return page.End();
    }

    private static ReportCell Differing(TensorDiff tensor) => !tensor.IsCompared
        ? new ReportCell("not compared")
        : new ReportCell(
            $"{tensor.DifferingElements}", (double)tensor.DifferingElements / Math.Max(1, tensor.A.Shape.ElementCount));

    private static void Only(ReportPage page, string heading, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
            return;
        page.Heading(heading);
        page.Table(["tensor"], names.Select(name => (IReadOnlyList<ReportCell>)[new(name)]));
    }

    private static string Describe(TensorSpec spec) => $"{spec.Type.SafetensorsName}{spec.Shape}";
}
