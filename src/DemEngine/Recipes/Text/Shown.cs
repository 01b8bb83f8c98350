using System.Globalization;
using DemEngine.Errors;

namespace DemEngine.Recipes.Text;

/// <summary>Texts from a recipe as messages show them: one short line, whatever the recipe held.</summary>
internal static class Shown
{
    private const int MaxLength = 60;

    public static string Quote(string text) => Quoted.Name(text, MaxLength);

    /// <summary>A list of words for a message, in alphabetical order.</summary>
    public static string List(IEnumerable<string> words) => string.Join(", ", words.Order(StringComparer.Ordinal));

    /// <summary>What a node is, for "found ...".</summary>
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
