using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Files;

namespace DemEngine.Cli.Options;

/// <summary>
/// An option that names a file for a report beside what a command prints. <c>-</c> is standard output, which then holds the
/// report alone, so that it can be piped.
/// </summary>
internal sealed class ReportOption : Option<string?>
{
    /// <summary>The word for standard output.</summary>
    public const string StandardOutput = "-";

    /// <summary>Makes the option.</summary>
    /// <param name="name">Name with its dashes.</param>
    /// <param name="description">What is written, for the help.</param>
    /// <param name="helpName">What the value is, for the help.</param>
    public ReportOption(string name, string description, string helpName = "file")
        : base(name)
    {
        Description = $"{description} - is standard output, and nothing else is printed there.";
        HelpName = helpName;
    }

    /// <summary>Names of the options of a request whose reports go to standard output.</summary>
    public static IEnumerable<string> Printed(CommandResult request) => request.Children.OfType<OptionResult>()
        .Where(result => result.Option is ReportOption && result.Tokens.Any(token => token.Value == StandardOutput))
        .Select(result => result.Option.Name);

    /// <summary>Whether a request asks for less than the usual text: for nothing, or for a report in its place.</summary>
    public static bool TakesThePlaceOfText(ParseResult parsed) =>
        Printed(parsed.CommandResult).Any() || parsed.GetValue(GlobalOptions.Quiet);

    /// <summary>Rejects a file that cannot be written, before long work is done for it.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the path is a folder, or its folder does not exist.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(this) is { } path and not StandardOutput)
            ReportFile.Check(path);
    }

    /// <summary>Writes the report, if it is asked for.</summary>
    /// <param name="parsed">The request.</param>
    /// <param name="text">Makes the report.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles): the file cannot be written.
    /// </exception>
    public void Write(ParseResult parsed, Func<string> text)
    {
        string? path = parsed.GetValue(this);
        if (path == StandardOutput)
            Console.Out.Write(text());
        else if (path is not null)
            ReportFile.Write(path, text());
    }
}
