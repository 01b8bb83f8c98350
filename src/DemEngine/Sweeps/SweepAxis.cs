using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Sweeps;

/// <summary>A parameter of a recipe with the values that it takes one after the other.</summary>
/// <param name="Model">Position among the recipe's models; null for the recipe's own parameters.</param>
/// <param name="Parameter">Name of the parameter.</param>
/// <param name="Values">Values of the parameter; at least one, all different.</param>
public sealed partial record SweepAxis(int? Model, string Parameter, ImmutableArray<decimal> Values)
{
    /// <summary>Maximum number of values of one parameter.</summary>
    public const int MaxValues = 1000;

    /// <summary>Number format without trailing zeros.</summary>
    private const string Shortest = "0.############################";

    /// <summary>Parses an axis such as <c>models[0].weight=0.1:0.9:0.1</c> (from, to, step) or <c>lambda=0.5,1,2</c>.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the text has neither form.</exception>
    public static SweepAxis Parse(string text)
    {
        Match match = Form().Match(text);
        if (!match.Success)
            throw Wrong(text, "expected a parameter and its values, such as models[0].weight=0.1:0.9:0.1 or lambda=0.5,1,2");

        string values = match.Groups["values"].Value;
        decimal[] numbers = [.. values.Split(':', ',').Select(number =>
            decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal read)
                ? read
                : throw Wrong(text, $"'{number}' is not a number"))];
        decimal[] all = values.Contains(':', StringComparison.Ordinal) ? Range(text, values, numbers) : numbers;
        if (all.Distinct().Count() < all.Length)
            throw Wrong(text, "a value is given twice");
        return new SweepAxis(
            match.Groups["model"] is { Success: true } model ? int.Parse(model.Value, CultureInfo.InvariantCulture) : null,
            match.Groups["name"].Value,
            [.. all]);
    }

    /// <summary>
    /// Returns the text that stands for a value in a folder's name, such as <c>models.0.weight-0.1</c>. A name on the Hugging
    /// Face Hub has letters, digits, and single hyphens, dots and underscores, so that a minus sign is written out.
    /// </summary>
    public string NameOf(decimal value)
    {
        string number = Math.Abs(value).ToString(Shortest, CultureInfo.InvariantCulture);
        string of = Model is { } model ? $"models.{model}.{Parameter}" : Parameter;
        return value < 0 ? $"{of}-minus{number}" : $"{of}-{number}";
    }

    /// <summary>Expands a range. Decimal arithmetic makes steps of 0.1 meet 0.3 exactly.</summary>
    private static decimal[] Range(string text, string values, decimal[] numbers)
    {
        if (numbers is not [var from, var to, var step]
            || values.Contains(',', StringComparison.Ordinal)
            || step <= 0
            || to < from)
            throw Wrong(text, "a range is FROM:TO:STEP, with TO not below FROM and STEP above 0");
        if ((to - from) / step >= MaxValues)
            throw Wrong(text, $"these are more than {MaxValues} values");
        return [.. Enumerable.Range(0, (int)((to - from) / step) + 1).Select(k => from + (k * step))];
    }

    private static DemException Wrong(string text, string message) =>
        new(ErrorCode.BadArgument, $"{Quoted.Name(text)}: {message}");

    [GeneratedRegex(@"^(models\[(?<model>\d{1,4})\]\.)?(?<name>[A-Za-z_]\w*)=(?<values>\S+)$")]
    private static partial Regex Form();
}
