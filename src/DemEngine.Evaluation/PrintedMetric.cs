using System.Globalization;

namespace DemEngine.Evaluation;

/// <summary>A metric as an evaluation program printed it.</summary>
/// <param name="Set">Name of the task or data set; <see cref="CommandOutput.WholeSet"/> if the program named none.</param>
/// <param name="Name">Name of the metric, such as <c>exact_match</c>.</param>
/// <param name="Filter">
/// Name of the filter through which the answers went, such as <c>strict-match</c>; null if the program named none.
/// </param>
/// <param name="Value">Value of the metric.</param>
internal sealed record PrintedMetric(string Set, string Name, string? Filter, double Value)
{
    /// <summary>Standard error of the value; null if the program printed none.</summary>
    public double? StandardError { get; init; }

    /// <summary>Whether a larger value is better; null if the program did not say.</summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>Name of the group of tasks that this one belongs to; null if it belongs to none.</summary>
    public string? Group { get; init; }

    /// <summary>Name with the filter, such as <c>exact_match,strict-match</c>.</summary>
    public string FullName => Filter is null ? Name : $"{Name},{Filter}";

    /// <summary>Reads a metric's name that may have a filter after a comma.</summary>
    public static PrintedMetric Of(string set, string fullName, double value) =>
        fullName.LastIndexOf(',') is > 0 and var comma
            ? new PrintedMetric(set, fullName[..comma], fullName[(comma + 1)..], value)
            : new PrintedMetric(set, fullName, null, value);

    /// <summary>Whether a name means this metric: <c>acc</c>, <c>acc,none</c>, <c>task/acc</c> or <c>task/acc,none</c>.</summary>
    public bool Is(string asked) =>
        asked == Name || asked == FullName || asked == $"{Set}/{Name}" || asked == $"{Set}/{FullName}";

    /// <summary>Whether a name means this metric apart from case, and from hyphens in the place of underscores.</summary>
    public bool IsNearly(string asked)
    {
        PrintedMetric plain = this with { Set = Plain(Set), Name = Plain(Name), Filter = Filter is null ? null : Plain(Filter) };
        return plain.Is(Plain(asked));
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string set = Set == CommandOutput.WholeSet ? "" : $"{Set}/";
        string error = StandardError is { } known ? string.Create(CultureInfo.InvariantCulture, $" ± {known:0.####}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{set}{FullName} {Value:0.######}{error}");
    }

    private static string Plain(string name) => name.Replace('-', '_').ToLowerInvariant();
}
