using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>Takes the metrics that were asked for from those that an evaluation program printed.</summary>
internal static class MetricChoice
{
    private const int MostListed = 16;

    /// <summary>Takes one metric: its value on each task, without the tasks of a group whose own value is there.</summary>
    /// <param name="printed">What the program printed.</param>
    /// <param name="asked">
    /// Metric that was asked for. <see cref="CommandOutput.Score"/> also stands for the only metric that was printed, if there is
    /// only one.
    /// </param>
    /// <exception cref="DemException">
    /// DEM4203 (MetricUnclear): there is no such metric, or several that the name may mean.
    /// </exception>
    public static IEnumerable<Score> Take(IReadOnlyList<PrintedMetric> printed, Metric asked)
    {
        PrintedMetric[] found = [.. printed.Where(metric => metric.Is(asked.Name))];
        if (found.Length == 0)
            found = [.. printed.Where(metric => metric.IsNearly(asked.Name))];
        bool isAny = found.Length == 0 && asked.Name == CommandOutput.Score.Name;
        if (isAny)
            found = [.. printed];
        found = [.. found.Where(metric => !IsInGroup(metric, found, printed))];
        if (found.Length == 0)
            throw Unclear($"there is no {Quoted.Name(asked.Name)} in its output", printed);
        if (isAny && found.Select(metric => metric.FullName).Distinct().Skip(1).Any())
            throw Unclear("it gives several metrics, and none was chosen", printed);
        if (found.GroupBy(metric => metric.Set).FirstOrDefault(set => set.Count() > 1) is { } twice)
        {
            throw Unclear(
                $"{Quoted.Name(asked.Name)} may be {string.Join(" or ", twice.Select(metric => metric.FullName))} "
                + $"on {Quoted.Name(twice.Key)}",
                printed);
        }

        bool[] directions = [.. found.Select(metric => Direction(metric, asked)).Distinct()];
        if (directions.Length > 1)
            throw Unclear($"of {Quoted.Name(asked.Name)} more is better on one set and less on another", printed);
        Metric metric = asked with { HigherIsBetter = directions[0], DirectionIsAssumed = false };
        return found.Select(one => new Score(one.Set, metric, one.Value, Count: 0) { StandardError = one.StandardError });
    }

    /// <summary>Takes all metrics, each under its own name.</summary>
    public static IEnumerable<Score> All(IReadOnlyList<PrintedMetric> printed) => printed.Select(one =>
    {
        Metric named = Metric.Parse(one.FullName);
        return new Score(
            one.Set, named with { HigherIsBetter = Direction(one, named), DirectionIsAssumed = false }, one.Value, Count: 0)
        {
            StandardError = one.StandardError,
        };
    });

    private static bool Direction(PrintedMetric printed, Metric asked) =>
        asked.DirectionIsAssumed ? printed.HigherIsBetter ?? MetricDirection.HigherIsBetter(printed.Name) : asked.HigherIsBetter;

    /// <summary>Whether one of the groups that a task belongs to has a value of the same metric among those found.</summary>
    private static bool IsInGroup(PrintedMetric metric, PrintedMetric[] found, IReadOnlyList<PrintedMetric> printed)
    {
        string? group = metric.Group;
        for (int depth = 0; group is not null && depth < printed.Count; depth++)
        {
            if (found.Any(other => other.Set == group && other.FullName == metric.FullName))
                return true;
            group = printed.FirstOrDefault(other => other.Set == group)?.Group;
        }

        return false;
    }

    private static DemException Unclear(string what, IReadOnlyList<PrintedMetric> printed)
    {
        string more = printed.Count > MostListed ? $" and {printed.Count - MostListed} more" : "";
        string list = string.Join("; ", printed.Take(MostListed).Select(metric => Quoted.Name($"{metric}")));
        return new DemException(ErrorCode.MetricUnclear, $"{what}; it gives {list}{more}");
    }
}
