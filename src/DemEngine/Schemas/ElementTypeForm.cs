using System.Text.Json.Nodes;
using DemEngine.Numerics;

namespace DemEngine.Schemas;

/// <summary>The names of element types, in all spellings that the reader takes.</summary>
internal static class ElementTypeForm
{
    /// <summary>Makes the form.</summary>
    /// <param name="others">Names beside those of element types.</param>
    public static JsonObject Of(params IEnumerable<string> others) => Form.Any(
        // Editors complete these.
        Form.Words([.. ElementTypes.FloatNames.Concat(others).Select(name => (JsonNode?)name)]),
        new JsonObject
        {
            ["type"] = "string",
            ["pattern"] = $"^(?:(?:{AnyCase("torch")}\\.)?(?:{Alternatives(ElementTypes.FloatSpellings)})"
                + $"{string.Concat(others.Select(name => "|" + AnyCase(name)))})$",
        },
        Form.Nothing());

    private static string Alternatives(IEnumerable<string> names) => string.Join('|', names.Select(AnyCase));

    // JSON Schema's patterns have no option to ignore the case.
    private static string AnyCase(string name) => string.Concat(name.Select(letter => char.IsAsciiLetter(letter)
        ? $"[{char.ToUpperInvariant(letter)}{char.ToLowerInvariant(letter)}]"
        : $"{letter}"));
}
