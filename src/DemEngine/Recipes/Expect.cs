using DemEngine.Errors;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>Converts nodes to the expected type; the error for any other type says what was found.</summary>
internal static class Expect
{
    public static IReadOnlyList<MapEntry> Map(RecipeNode node, SourceLocation place, string what) =>
        node is MapNode map ? map.Entries : throw Wrong(node, place, what);

    public static IReadOnlyList<MapEntry> MapOrNothing(RecipeNode node, SourceLocation place, string what) =>
        IsNothing(node) ? [] : Map(node, place, what);

    public static IReadOnlyList<RecipeNode> List(RecipeNode node, SourceLocation place, string what) =>
        node is ListNode list ? list.Items : throw Wrong(node, place, what);

    /// <summary>Reads a non-empty text with its location; null for nothing.</summary>
    public static RecipeText? Text(RecipeNode node, SourceLocation place, string what) =>
        TextOrNothing(node, place, what) is { } text ? new RecipeText(text, place) : null;

    /// <summary>Reads a whole number of at least 0.</summary>
    public static int Count(RecipeNode node, SourceLocation place) =>
        node is TextNode text
            && PlainScalar.Read(text) is double number
            && double.IsInteger(number)
            && number is >= 0 and <= int.MaxValue
            ? (int)number
            : throw Wrong(node, place, "a whole number from 0");

    /// <summary>Reads true or false.</summary>
    public static bool Flag(RecipeNode node, SourceLocation place) =>
        node is TextNode text && AsFlag(text) is { } flag ? flag : throw Wrong(node, place, "true or false");

    /// <summary>Reads a non-empty text; null for nothing.</summary>
    public static string? TextOrNothing(RecipeNode node, SourceLocation place, string what)
    {
        if (IsNothing(node)) return null;
        if (node is TextNode scalar && PlainScalar.Read(scalar) is string { Length: > 0 } text) return text;
        string hint = node is TextNode { IsPlain: true } ? "; put it in quotes if it is meant as a text" : "";
        throw place.Error(ErrorCode.WrongValue, $"expected {what}, found {Shown.Found(node)}{hint}");
    }

    /// <summary>Returns the end of a message about an unknown key: a likely correction and the known keys.</summary>
    public static string Known(string key, IEnumerable<string> known) =>
        $"{Misspelling.DidYouMean(key, known)}; known here: {Shown.List(known)}";

    public static bool IsNothing(RecipeNode node) => node is TextNode text && PlainScalar.Read(text) is null;

    private static bool? AsFlag(TextNode node) => PlainScalar.Read(node) switch
    {
        bool flag => flag,
        double number => FlagWord.Read(number),
        string word => FlagWord.Read(word),
        _ => null,
    };

    private static DemException Wrong(RecipeNode node, SourceLocation place, string what) =>
        place.Error(ErrorCode.WrongValue, $"expected {what}, found {Shown.Found(node)}");
}
