using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Sweeps;

/// <summary>A parameter of a recipe, and the values that it takes one after the other.</summary>
/// <param name="Model">Position among the recipe's models; null for the recipe's own parameters.</param>
/// <param name="Parameter">Its name.</param>
/// <param name="Values">At least one, each different.</param>
public sealed partial record SweepAxis(int? Model, string Parameter, ImmutableArray<decimal> Values)
{
    /// <summary>The most values of one parameter.</summary>
    public const int MaxValues = 1000;

    /// <summary>Without zeros at the end.</summary>
    private const string Shortest = "0.############################";

    /// <summary>
    /// Reads <c>models[0].weight=0.1:0.9:0.1</c> (from, to, step) or <c>lambda=0.5,1,2</c>.
    /// </summary>
    /// <exception cref="DemException">DEM1001: it is neither.</exception>
    public static SweepAxis Parse(string text)
    {
        Match match = Form().Match(text);
        if (!match.Success)
            throw Wrong(text, "expected a parameter and its values, such as models[0].weight=0.1:0.9:0.1 or lambda=0.5,1,2");

        string values = match.Groups["values"].Value;
        decimal[] numbers = [.. values.Split(':', ',').Select(number =>
            decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal read) ? read : throw Wrong(text, $"'{number}' is not a number"))];
        decimal[] all = values.Contains(':', StringComparison.Ordinal) ? Range(text, values, numbers) : numbers;
        if (all.Distinct().Count() < all.Length)
            throw Wrong(text, "a value is given twice");
        return new SweepAxis(
            match.Groups["model"] is { Success: true } model ? int.Parse(model.Value, CultureInfo.InvariantCulture) : null, match.Groups["name"].Value, [.. all]);
    }

    /// <summary>What a value is called in a folder's name.</summary>
    public string NameOf(decimal value)
    {
        string number = value.ToString(Shortest, CultureInfo.InvariantCulture);
        return Model is { } model ? $"models.{model}.{Parameter}={number}" : $"{Parameter}={number}";
    }

    /// <summary>In decimals, so that a step of 0.1 meets 0.3.</summary>
    private static decimal[] Range(string text, string values, decimal[] numbers)
    {
        if (numbers is not [var from, var to, var step] || values.Contains(',', StringComparison.Ordinal) || step <= 0 || to < from)
            throw Wrong(text, "a range is FROM:TO:STEP, with TO not below FROM and STEP above 0");
        if ((to - from) / step >= MaxValues)
            throw Wrong(text, $"these are more than {MaxValues} values");
        return [.. Enumerable.Range(0, (int)((to - from) / step) + 1).Select(k => from + (k * step))];
    }

    private static DemException Wrong(string text, string message) => new(ErrorCode.BadArgument, $"--set {Quoted.Name(text)}: {message}");

    [GeneratedRegex(@"^(models\[(?<model>\d{1,4})\]\.)?(?<name>[A-Za-z_]\w*)=(?<values>\S+)$")]
    private static partial Regex Form();
}
