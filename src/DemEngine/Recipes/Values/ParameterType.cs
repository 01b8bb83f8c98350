namespace DemEngine.Recipes.Values;

/// <summary>The type of value that a method needs for a parameter.</summary>
public enum ParameterType
{
    /// <summary>A finite number, or a gradient of numbers over the layers.</summary>
    Number,

    /// <summary>A whole number within ±(2⁵³ − 1), the range in which a double holds every whole number exactly.</summary>
    Integer,

    /// <summary>True or false, or one of the words yes, no, on and off, or 1 or 0.</summary>
    Flag,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A flag, or a word for a further choice.</summary>
    FlagOrText,
}

internal static class ParameterTypes
{
    private const double LargestInteger = 9007199254740991;

    public static bool Accepts(this ParameterType type, UnconditionalValue value) => (type, value) switch
    {
        (ParameterType.Number, NumberValue or GradientValue) => true,
        (ParameterType.Integer, NumberValue { Number: var number }) =>
            double.IsInteger(number) && Math.Abs(number) <= LargestInteger,
        (ParameterType.Flag, _) => FlagWord.Read(value) is not null,
        (ParameterType.Text, TextValue) => true,
        (ParameterType.FlagOrText, _) => value is TextValue || FlagWord.Read(value) is not null,
        _ => false,
    };

    public static string Expected(this ParameterType type) => type switch
    {
        ParameterType.Number => "a number, a list of numbers or a list of {filter, value}",
        ParameterType.Integer => "a whole number or a list of {filter, value}",
        ParameterType.Flag => "true, false or a list of {filter, value}",
        ParameterType.FlagOrText => "true, false, a text or a list of {filter, value}",
        _ => "a text or a list of {filter, value}",
    };
}
