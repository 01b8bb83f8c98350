using System.Text.Json.Nodes;

namespace DemEngine.Answers;

/// <summary>Converts values for JSON. It has neither infinities nor NaN: these become null.</summary>
internal static class JsonValues
{
    public static JsonNode? Of(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    public static JsonArray Of(IEnumerable<double> values) => new([.. values.Select(Of)]);

    public static JsonArray Of(IEnumerable<long> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    public static JsonArray Of(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
