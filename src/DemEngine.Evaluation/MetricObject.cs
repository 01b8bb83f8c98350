using System.Text;
using System.Text.Json;
using DemEngine.Files;

namespace DemEngine.Evaluation;

/// <summary>
/// Reads a JSON object of metrics. Numbers directly in the object belong to the whole model, those in a nested object to the set
/// of that object's name. If there is an object <c>results</c>, as evaluation harnesses write it, it is read in place of the
/// whole, with what stands beside it about directions and groups.
/// </summary>
internal static class MetricObject
{
    private const string StandardErrorMark = "_stderr";

    /// <summary>Reads the metrics of a JSON object; null if the text is none.</summary>
    public static IReadOnlyList<PrintedMetric>? Read(string text)
    {
        if (!text.AsSpan().Trim().StartsWith("{"))
            return null;
        try
        {
            string json = NumberText.QuoteNonFinite(text);
            StrictJson.CheckText(Encoding.UTF8.GetBytes(json));
            using JsonDocument document = JsonDocument.Parse(json);
            return [.. Read(document.RootElement)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<PrintedMetric> Read(JsonElement root)
    {
        bool isHarness = root.TryGetProperty("results", out JsonElement results) && results.ValueKind == JsonValueKind.Object;
        JsonElement sets = isHarness ? results : root;
        Dictionary<string, string> groups = isHarness ? Groups(root) : [];
        var whole = new List<PrintedMetric>();
        foreach (JsonProperty property in sets.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Object)
            {
                if (NumberText.Read(property.Value) is { } value)
                    whole.Add(PrintedMetric.Of(CommandOutput.WholeSet, property.Name, value));
                continue;
            }

            PrintedMetric[] metrics =
            [
                .. property.Value.EnumerateObject()
                    .Select(inner => (inner.Name, Value: NumberText.Read(inner.Value)))
                    .Where(pair => pair.Value is not null)
                    .Select(pair => PrintedMetric.Of(property.Name, pair.Name, pair.Value!.Value)),
            ];

            // A harness gives every metric a filter; numbers without one are counts and settings.
            bool hasFilters = isHarness && metrics.Any(metric => metric.Filter is not null);
            foreach (PrintedMetric metric in WithErrors(metrics).Where(metric => !hasFilters || metric.Filter is not null))
            {
                yield return metric with
                {
                    HigherIsBetter = isHarness ? Direction(root, property.Name, metric.Name) : null,
                    Group = groups.GetValueOrDefault(property.Name),
                };
            }
        }

        foreach (PrintedMetric metric in WithErrors(whole))
            yield return metric;
    }

    /// <summary>Joins standard errors with the metrics that they belong to.</summary>
    private static IEnumerable<PrintedMetric> WithErrors(IReadOnlyList<PrintedMetric> metrics)
    {
        foreach (PrintedMetric metric in metrics.Where(metric => !IsError(metrics, metric)))
        {
            PrintedMetric? error = metrics.FirstOrDefault(other =>
                other.Name == metric.Name + StandardErrorMark && other.Filter == metric.Filter);
            yield return metric with { StandardError = error?.Value };
        }
    }

    private static bool IsError(IReadOnlyList<PrintedMetric> metrics, PrintedMetric metric) =>
        metric.Name.EndsWith(StandardErrorMark, StringComparison.Ordinal)
        && metrics.Any(other => other.Name + StandardErrorMark == metric.Name);

    private static bool? Direction(JsonElement root, string set, string metric) =>
        root.TryGetProperty("higher_is_better", out JsonElement sets)
        && sets.ValueKind == JsonValueKind.Object
        && sets.TryGetProperty(set, out JsonElement metrics)
        && metrics.ValueKind == JsonValueKind.Object
        && metrics.TryGetProperty(metric, out JsonElement isHigher)
        && isHigher.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? isHigher.GetBoolean()
            : null;

    /// <summary>Finds the group that each task belongs to.</summary>
    private static Dictionary<string, string> Groups(JsonElement root)
    {
        var groups = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!root.TryGetProperty("group_subtasks", out JsonElement lists) || lists.ValueKind != JsonValueKind.Object)
            return groups;
        foreach (JsonProperty list in lists.EnumerateObject().Where(list => list.Value.ValueKind == JsonValueKind.Array))
        {
            foreach (JsonElement task in list.Value.EnumerateArray().Where(task => task.ValueKind == JsonValueKind.String))
            {
                if (task.GetString() is { } name && name != list.Name)
                    groups.TryAdd(name, list.Name);
            }
        }

        return groups;
    }
}
