using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Options;

/// <summary>Makes options that take numbers within limits.</summary>
internal static class Numbers
{
    /// <summary>Makes an option that takes a whole number from 1.</summary>
    public static Option<int> Positive(string name, string description, int defaultValue) => new(name)
    {
        Description = description,
        HelpName = "n",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result => Positive(result) is [int number] ? number : 0,
    };

    /// <summary>Makes an option that takes one or more whole numbers from 1.</summary>
    public static Option<int[]> SeveralPositive(string name, string description, params int[] defaultValues) => new(name)
    {
        Description = description,
        HelpName = "n",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => defaultValues,
        CustomParser = Positive,
    };

    /// <summary>Makes an option that takes a number from 0, within the range of a float32.</summary>
    public static Option<double> NotNegative(string name, string description, double defaultValue) => new(name)
    {
        Description = description,
        HelpName = "x",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number is >= 0 and <= float.MaxValue)
                return number;
            result.Refuse($"'{text}' is not a number from 0");
            return 0;
        },
    };

    private static int[] Positive(ArgumentResult result)
    {
        var numbers = new List<int>();
        foreach (Token token in result.Tokens)
        {
            if (int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1)
                numbers.Add(number);
            else
                result.Refuse($"'{token.Value}' is not a whole number from 1");
        }

        return [.. numbers];
    }
}
