using System.Text.Json.Nodes;

namespace DemEngine.Cli.Formatting;

/// <summary>Numbers for JSON, which knows neither infinities nor NaN: those become null.</summary>
internal static class JsonNumber
{
    public static JsonNode? Of(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    public static JsonArray Of(IEnumerable<double> values) => new([.. values.Select(Of)]);
}
