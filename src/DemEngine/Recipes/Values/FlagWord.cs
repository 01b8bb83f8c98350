namespace DemEngine.Recipes.Values;

/// <summary>
/// The ways to write true and false. Beside those of YAML 1.2 there are the words of YAML 1.1, which mergekit reads, and 1 and 0,
/// which mergekit itself writes for true and false.
/// </summary>
internal static class FlagWord
{
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
    public static bool? Read(string word) => word switch
    {
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => true,
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => false,
        _ => null,
    };
}
