using System.Collections.Immutable;
using System.Text.Json;

namespace DemEngine.Evaluation.Language;

/// <summary>The keys of each form of data, by which rows are recognised.</summary>
internal static class DataForms
{
    // A form with more keys stands before one whose keys it has, too.
    private static readonly ImmutableArray<(DataForm Form, ImmutableArray<string> Keys)> All =
    [
        (DataForm.Chat, ["messages"]),
        (DataForm.ShareGpt, ["conversations"]),
        (DataForm.ShareGpt, ["conversation"]),
        (DataForm.Alpaca, ["instruction", "output"]),
        (DataForm.Choices, ["prompt", "choices"]),
        (DataForm.Completion, ["prompt", "completion"]),
        (DataForm.Text, ["text"]),
        (DataForm.Tokens, ["tokens"]),
    ];

    /// <summary>All forms with their keys, for messages.</summary>
    public static string Known { get; } = string.Join(
        ", or ",
        All.Select(form => string.Join(" and ", form.Keys.Select(key => $"\"{key}\""))).Distinct());

    /// <summary>The forms all of whose keys a row has.</summary>
    public static ImmutableArray<DataForm> Of(JsonElement row) =>
        [.. All.Where(form => form.Keys.All(key => Has(row, key))).Select(form => form.Form).Distinct()];

    /// <summary>Whether a row has a key, with a value other than null.</summary>
    public static bool Has(JsonElement row, string key) =>
        row.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The first of several keys that a row has.</summary>
    /// <returns>The key and its value; null if the row has none.</returns>
    public static (string Key, JsonElement Value)? First(JsonElement row, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (Has(row, key))
                return (key, row.GetProperty(key));
        }

        return null;
    }
}
