using System.Globalization;
using DemEngine.Errors;

namespace DemEngine.Recipes.Text;

/// <summary>Formats texts from a recipe for messages: one short line, whatever the recipe holds.</summary>
internal static class Shown
{
    private const int MaxLength = 60;

    public static string Quote(string text) => Quoted.Name(text, MaxLength);

    /// <summary>Formats a list of words in alphabetical order.</summary>
    public static string List(IEnumerable<string> words) => string.Join(", ", words.Order(StringComparer.Ordinal));

    /// <summary>Describes a node for "found ...".</summary>
    public static string Found(RecipeNode node) => node switch
    {
        ListNode { Items.Count: 0 } => "an empty list",
        ListNode => "a list",
        MapNode => "a mapping",
        TextNode text => PlainScalar.Read(text) switch
        {
            null => "nothing",
            bool flag => flag ? "true" : "false",
            double number => "the number " + number.ToString(CultureInfo.InvariantCulture),
            _ => "the text " + Quote(text.Text),
        },
        _ => throw new InvalidOperationException(),
    };
}
