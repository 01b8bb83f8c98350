using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>
/// Reads metrics from the output of an evaluation command: a JSON object, as the whole output or as its last line, or otherwise
/// the last number in the output. Numbers directly in the object are metrics of the whole model. Numbers in a nested object are
/// metrics of the set with that object's name. If there is an object <c>results</c>, as evaluation harnesses print it, it is read
/// in place of the whole.
/// </summary>
public static partial class CommandOutput
{
    /// <summary>The metric that a bare number is taken for, unless a metric was asked for by name.</summary>
    public static Metric Score { get; } = new("score", HigherIsBetter: true);

    /// <summary>Name of the set that a number belongs to if the output names none.</summary>
    public const string WholeSet = "all";

    /// <summary>Reads the scores from a command's output.</summary>
    /// <param name="output">Text that the command wrote to its standard output.</param>
    /// <param name="metrics">Metrics to take; empty for all that are found.</param>
    /// <exception cref="DemException">
    /// DEM4102 (CommandGaveNoNumber): the output has no number, or none that was asked for.
    /// </exception>
    public static ImmutableArray<Score> Read(string output, ImmutableArray<Metric> metrics)
    {
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0)
            throw new DemException(ErrorCode.CommandGaveNoNumber, "it printed nothing");
        ImmutableArray<Score> scores =
            FromObject(output, metrics) ?? FromObject(lines[^1], metrics) ?? FromNumber(output, metrics);
        return scores.Length > 0
            ? scores
            : throw new DemException(
                ErrorCode.CommandGaveNoNumber,
                $"{(metrics.IsEmpty ? "no number" : $"none of {string.Join(", ", metrics)}")} in its output, "
                + $"which ends with {Quoted.Name(lines[^1])}");
    }

    private static ImmutableArray<Score>? FromObject(string text, ImmutableArray<Metric> metrics)
    {
        if (!text.AsSpan().Trim().StartsWith("{"))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("results", out JsonElement results) && results.ValueKind == JsonValueKind.Object)
                root = results;
            return
            [
                .. root.EnumerateObject().SelectMany(property => property.Value.ValueKind == JsonValueKind.Object
                    ? property.Value.EnumerateObject().SelectMany(inner => Find(property.Name, inner, metrics))
                    : Find(WholeSet, property, metrics)),
            ];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<Score> Find(string set, JsonProperty property, ImmutableArray<Metric> metrics)
    {
        if (property.Value.ValueKind != JsonValueKind.Number)
            yield break;
        Metric? metric = metrics.IsEmpty ? Metric.Parse(property.Name) : metrics.FirstOrDefault(one => one.Name == property.Name);
        if (metric is not null)
            yield return new Score(set, metric, property.Value.GetDouble(), Count: 0);
    }

    private static ImmutableArray<Score> FromNumber(string text, ImmutableArray<Metric> metrics) =>
        Number().Matches(text) is [.., Match last]
            ? [new Score(
                WholeSet, metrics.IsEmpty ? Score : metrics[0], double.Parse(last.Value, CultureInfo.InvariantCulture), Count: 0)]
            : [];

    // Matches a number that stands alone: not the 2 in "f2" or in "1.2.3", nor digits within a word.
    [GeneratedRegex(@"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*\w)")]
    private static partial Regex Number();
}
