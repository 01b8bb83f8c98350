using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>
/// Reads metrics from the output of an evaluation command. It may be, in this order of preference: a JSON object, as the whole
/// output or at its end, see <see cref="MetricObject"/>; tables of an evaluation harness, see <see cref="MetricTable"/>; a last
/// line that is one number; lines <c>name: number</c>; or anything else that has a number, of which the last one counts. A
/// standard error is never taken for a metric.
/// </summary>
public static partial class CommandOutput
{
    /// <summary>
    /// The metric that a bare number is taken for, unless a metric was asked for by name; asked for itself, it stands for the
    /// only metric of an output that has one.
    /// </summary>
    public static Metric Score { get; } = new("score", HigherIsBetter: true) { DirectionIsAssumed = true };

    /// <summary>Name of the set that a number belongs to if the output names none.</summary>
    public const string WholeSet = "all";

    /// <summary>Reads the scores from a command's output.</summary>
    /// <param name="output">Text that the command wrote to its standard output.</param>
    /// <param name="metrics">
    /// Metrics to take, each by its name, with its filter or its task where that is needed: <c>acc</c>, <c>acc,none</c>,
    /// <c>arc_easy/acc</c>; empty for all that are found.
    /// </param>
    /// <exception cref="DemException">
    /// DEM4102 (CommandGaveNoNumber): the output has no number. DEM4203 (MetricUnclear): it has several metrics, and none or not
    /// exactly one of them was asked for.
    /// </exception>
    public static ImmutableArray<Score> Read(string output, ImmutableArray<Metric> metrics)
    {
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0)
            throw new DemException(ErrorCode.CommandGaveNoNumber, "it printed nothing");
        if (Named(output, lines) is { Count: > 0 } printed)
            return Choose(printed, metrics);
        string last = lines.LastOrDefault(line => Number().IsMatch(line)) ?? lines[^1];
        return Only(MetricLines.Bare(last) ?? LastNumber(last), metrics);
    }

    /// <summary>Takes the metrics that were asked for, or all.</summary>
    internal static ImmutableArray<Score> Choose(IReadOnlyList<PrintedMetric> printed, ImmutableArray<Metric> metrics)
    {
        // A harness prints groups again in a table of their own. Of the same metric the last value counts.
        PrintedMetric[] different =
        [
            .. printed
                .GroupBy(metric => (metric.Set, metric.FullName))
                .Select(same => same.Last() with
                {
                    Group = same.Select(one => one.Group).FirstOrDefault(group => group is not null),
                }),
        ];
        return metrics.IsEmpty
            ? [.. MetricChoice.All(different)]
            : [.. metrics.SelectMany(metric => MetricChoice.Take(different, metric))];
    }

    /// <summary>Reads the metrics that an output gives by name; null or empty if it names none.</summary>
    private static IReadOnlyList<PrintedMetric>? Named(string output, string[] lines)
    {
        if ((MetricObject.Read(output) ?? MetricObject.Read(lines[^1]) ?? ObjectAtEnd(output)) is { } metrics)
            return metrics;
        if (MetricTable.Read(output) is { Count: > 0 } rows)
            return rows;
        return MetricLines.Bare(lines[^1]) is null ? MetricLines.Read(lines) : null;
    }

    /// <summary>Reads an object over several lines that follow others, the last one that begins a line.</summary>
    private static IReadOnlyList<PrintedMetric>? ObjectAtEnd(string output)
    {
        if (!output.AsSpan().TrimEnd().EndsWith("}"))
            return null;
        int start = output.LastIndexOf("\n{", StringComparison.Ordinal);
        return start < 0 ? null : MetricObject.Read(output[(start + 1)..]);
    }

    private static ImmutableArray<Score> Only(PrintedMetric number, ImmutableArray<Metric> metrics) =>
    [
        new Score(WholeSet, (metrics.IsEmpty ? Score : metrics[0]) with { DirectionIsAssumed = false }, number.Value, Count: 0)
        {
            StandardError = number.StandardError,
        },
    ];

    /// <summary>Reads the last number of a line of words.</summary>
    private static PrintedMetric LastNumber(string line)
    {
        if (line.StartsWith('|') || StandardError().IsMatch(line))
        {
            throw new DemException(
                ErrorCode.MetricUnclear,
                $"its output ends with {Quoted.Name(line)}, where the last number need not be the metric");
        }

        return Number().Matches(line) is [.., Match last]
            ? new PrintedMetric(WholeSet, Score.Name, null, double.Parse(last.Value, CultureInfo.InvariantCulture))
            : throw new DemException(
                ErrorCode.CommandGaveNoNumber, $"no number in its output, which ends with {Quoted.Name(line)}");
    }

    [GeneratedRegex(@"±|\+/-|\bstd(?:err|_err|dev)?\b|standard error", RegexOptions.IgnoreCase)]
    private static partial Regex StandardError();

    // Matches a number that stands alone: not the 2 in "f2" or in "1.2.3", nor digits within a word.
    [GeneratedRegex(@"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*\w)")]
    private static partial Regex Number();
}
