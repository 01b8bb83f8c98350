namespace DemEngine.Recipes.Values;

/// <summary>
/// The ways to write true and false. Beside those of YAML 1.2 there are the words of YAML 1.1, which mergekit reads, and 1 and 0,
/// which mergekit itself writes for true and false.
/// </summary>
internal static class FlagWord
{
    /// <summary>The words for true.</summary>
    public static readonly string[] True = ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"];

    /// <summary>The words for false.</summary>
    public static readonly string[] False = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"];

    /// <summary>Reads a flag; null if the value is none.</summary>
    public static bool? Read(UnconditionalValue value) => value switch
    {
        FlagValue flag => flag.Flag,
        NumberValue number => Read(number.Number),
        TextValue text => Read(text.Text),
        _ => null,
    };

    /// <summary>Reads a number as a flag; null if it is neither 0 nor 1.</summary>
    public static bool? Read(double number) => number switch
    {
        0 => false,
        1 => true,
        _ => null,
    };

    /// <summary>Reads a word as a flag; null if it is none.</summary>
    public static bool? Read(string word) => True.Contains(word) ? true : False.Contains(word) ? false : null;
}
