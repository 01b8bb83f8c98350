using System.CommandLine;
using System.CommandLine.Parsing;

namespace DemEngine.Cli.Formatting;

/// <summary>Refuses values of options and arguments by the name under which they were given.</summary>
internal static class ValueErrors
{
    /// <summary>Adds an error such as <c>--threads: '0' is not a whole number from 1</c>.</summary>
    /// <param name="result">The value.</param>
    /// <param name="what">What is wrong with it.</param>
    public static void Refuse(this ArgumentResult result, string what) => result.AddError(
        result.Parent is OptionResult option ? $"{NameOf(option)}: {what}" : what);

    /// <summary>Adds an error such as <c>--dtype: 'x' is no type</c>.</summary>
    /// <param name="result">The option with its value.</param>
    /// <param name="what">What is wrong with it.</param>
    public static void Refuse(this OptionResult result, string what) => result.AddError($"{NameOf(result)}: {what}");

    /// <summary>Adds an error where neither or both of two options are given.</summary>
    public static void TakeOneOf(this CommandResult result, Option one, Option other)
    {
        if (result.GetResult(one) is null != result.GetResult(other) is null)
            return;
        result.AddError(result.GetResult(one) is null
            ? $"give {one.Name} or {other.Name}"
            : $"give one of {one.Name} and {other.Name}, not both");
    }

    /// <summary>The name by which an option was given.</summary>
    public static string NameOf(OptionResult result) => result.IdentifierToken?.Value ?? result.Option.Name;
}
