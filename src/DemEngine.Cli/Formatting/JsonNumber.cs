using System.Text.Json.Nodes;

namespace DemEngine.Cli.Formatting;

/// <summary>Converts numbers for JSON, which has neither infinities nor NaN: these become null.</summary>
internal static class JsonNumber
{
    public static JsonNode? Of(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    public static JsonArray Of(IEnumerable<double> values) => new([.. values.Select(Of)]);
}
