using System.CommandLine.Parsing;

namespace DemEngine.Cli.Formatting;

/// <summary>Refuses values of options and arguments by the name under which they were given.</summary>
internal static class ValueErrors
{
    /// <summary>Adds an error such as <c>--threads: '0' is not a whole number from 1</c>.</summary>
    /// <param name="result">The value.</param>
    /// <param name="what">What is wrong with it.</param>
    public static void Refuse(this ArgumentResult result, string what) => result.AddError(
        result.Parent is OptionResult option ? $"{option.IdentifierToken?.Value ?? option.Option.Name}: {what}" : what);
}
