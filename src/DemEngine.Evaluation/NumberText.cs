using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DemEngine.Evaluation;

/// <summary>Reads numbers as programs print them, NaN and infinities included.</summary>
internal static partial class NumberText
{
    /// <summary>Reads a text that is one number, with a percent sign or without; null if it is none.</summary>
    public static double? Read(string text)
    {
        string number = text.Trim().TrimEnd('%').ToLowerInvariant();
        return number switch
        {
            "nan" => double.NaN,
            "inf" or "+inf" or "infinity" => double.PositiveInfinity,
            "-inf" or "-infinity" => double.NegativeInfinity,
            _ => double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null,
        };
    }

    /// <summary>Reads a JSON value that is a number, or a NaN or infinity that was written as text; null if it is none.</summary>
    public static double? Read(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when NonFiniteWord().IsMatch(value.GetString()!) => Read(value.GetString()!),
        _ => null,
    };

    /// <summary>
    /// Puts the bare words <c>NaN</c> and <c>Infinity</c>, which Python writes and JSON does not have, into quotation marks.
    /// </summary>
    public static string QuoteNonFinite(string json) => BareNonFinite().Replace(json, "\"$1\"");

    [GeneratedRegex(@"^(?:NaN|-?Infinity)$")]
    private static partial Regex NonFiniteWord();

    [GeneratedRegex(@"(?<=[:\[,]\s*)(NaN|-?Infinity)(?=\s*[,}\]])")]
    private static partial Regex BareNonFinite();
}
