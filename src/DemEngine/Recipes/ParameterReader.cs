using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>Reads the <c>parameters:</c> of a recipe or of one of its models.</summary>
internal static class ParameterReader
{
    /// <summary>Keys of a condition.</summary>
    public static readonly string[] ConditionKeys = ["filter", "value"];

    /// <summary>Reads a scope of parameters.</summary>
    /// <param name="node">Mapping of the parameters, or nothing.</param>
    /// <param name="place">Location in the recipe.</param>
    public static ParameterScope ReadScope(RecipeNode node, SourceLocation place)
    {
        List<Parameter> parameters = [];
        foreach (MapEntry entry in Expect.MapOrNothing(node, place, "a mapping of parameters"))
            parameters.Add(new Parameter(entry.Key, ReadValue(entry.Value, place.At(entry.Key, entry.Line))));
        return new ParameterScope([.. parameters], place);
    }

    private static ParameterValue ReadValue(RecipeNode node, SourceLocation place) => node switch
    {
        ListNode { Items: [MapNode, ..] } list =>
            new ConditionalValue([.. list.Items.Select((item, i) => ReadCondition(item, place.At(i, item.Line)))], place),
        MapNode { Entries: var entries } when entries.Any(entry => ConditionKeys.Contains(entry.Key)) =>
            throw place.Error(ErrorCode.WrongValue,
                "a condition must be an item of a list: write \"- filter: ...\" on a line of its own"),
        _ => ReadUnconditional(node, place),
    };

    private static Condition ReadCondition(RecipeNode node, SourceLocation place)
    {
        string? filter = null;
        UnconditionalValue? value = null;
        foreach (MapEntry entry in Expect.Map(node, place, "a mapping of filter and value"))
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "filter":
                    filter = Expect.TextOrNothing(entry.Value, at, "a text to find in tensor names");
                    break;
                case "value":
                    value = ReadUnconditional(entry.Value, at);
                    break;
                default:
                    throw at.Error(ErrorCode.UnknownKey, "unknown key" + Expect.Known(entry.Key, ConditionKeys));
            }
        }

        return new Condition(filter, value ?? throw place.Error(ErrorCode.MissingKey, "the condition has no value"));
    }

    private static UnconditionalValue ReadUnconditional(RecipeNode node, SourceLocation place)
    {
        switch (node)
        {
            case ListNode { Items.Count: > 0 } list:
                return new GradientValue([.. list.Items.Select((item, i) => ReadPoint(item, place.At(i, item.Line)))], place);
            case TextNode text:
                return PlainScalar.Read(text) switch
                {
                    double number => new NumberValue(Finite(number, place), place),
                    bool flag => new FlagValue(flag, place),
                    string words => new TextValue(words, place),
                    _ => throw place.Error(ErrorCode.WrongValue, "expected a value, found nothing"),
                };
            default:
                throw place.Error(ErrorCode.WrongValue,
                    "expected a number, true, false, a text, a list of numbers or a list of {filter, value}, found "
                    + Shown.Found(node));
        }
    }

    private static double ReadPoint(RecipeNode node, SourceLocation place) =>
        node is TextNode text && PlainScalar.Read(text) is double number
            ? Finite(number, place)
            : throw place.Error(ErrorCode.WrongValue,
                $"expected a number, as in every item of a list of numbers, found {Shown.Found(node)}");

    private static double Finite(double number, SourceLocation place) => double.IsFinite(number)
        ? number
        : throw place.Error(ErrorCode.WrongValue,
            "expected a finite number, found one that is infinite, too large or not a number");
}
