using System.Text.RegularExpressions;

namespace DemEngine.Evaluation;

/// <summary>
/// Reads lines of the form <c>name: number</c> or <c>name = number</c>, with <c>± error</c> after it or without.
/// </summary>
internal static partial class MetricLines
{
    private const string Number = @"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?|nan|[-+]?inf";

    /// <summary>
    /// Reads the metrics of all such lines; where a name comes again the last one counts. Null unless the last line is one of
    /// them.
    /// </summary>
    public static IReadOnlyList<PrintedMetric>? Read(string[] lines)
    {
        if (lines.Length == 0 || !Line().IsMatch(lines[^1]))
            return null;
        var found = new List<PrintedMetric>();
        foreach (Match line in lines.Select(line => Line().Match(line)).Where(line => line.Success))
        {
            var metric = PrintedMetric.Of(CommandOutput.WholeSet, line.Groups["name"].Value, Value(line, "value")!.Value) with
            {
                StandardError = Value(line, "error"),
            };
            found.RemoveAll(earlier => earlier.FullName == metric.FullName);
            found.Add(metric);
        }

        bool IsError(PrintedMetric one) =>
            found.Any(other => one.Name == $"{other.Name}_stderr" || one.Name == $"{other.Name}_std");
        return [.. found.Where(one => !IsError(one))];
    }

    /// <summary>Reads a line that is one number, with its error or without; null if it is none.</summary>
    public static PrintedMetric? Bare(string line) =>
        BareLine().Match(line) is { Success: true } match
            ? new PrintedMetric(CommandOutput.WholeSet, CommandOutput.Score.Name, null, Value(match, "value")!.Value)
            {
                StandardError = Value(match, "error"),
            }
            : null;

    private static double? Value(Match match, string group) =>
        match.Groups[group] is { Success: true } number ? NumberText.Read(number.Value) : null;

    [GeneratedRegex(
        @"^[""']?(?<name>[A-Za-z_][\w./,@-]*)[""']?\s*[:=]\s*(?<value>" + Number + @")\s*"
        + @"(?:(?:±|\+/-|\+-)\s*(?<error>" + Number + @"))?\s*,?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Line();

    [GeneratedRegex(
        @"^(?<value>" + Number + @")\s*(?:(?:±|\+/-|\+-)\s*(?<error>" + Number + @"))?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex BareLine();
}
