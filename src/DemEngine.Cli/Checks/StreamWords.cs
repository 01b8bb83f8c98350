using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Cli.Options;

namespace DemEngine.Cli.Checks;

/// <summary>
/// The word <c>-</c> where a file or a folder is to be made. As a name it is hardly ever meant, and hard to remove again.
/// </summary>
internal static class StreamWords
{
    /// <summary>Lets a command, and those in it, take the word only where a stream can be written, and only once.</summary>
    /// <param name="command">The command, complete.</param>
    public static void Guard(Command command)
    {
        command.Validators.Add(Check);
        foreach (Command inner in command.Subcommands)
            Guard(inner);
    }

    private static void Check(CommandResult request)
    {
        foreach (SymbolResult result in request.Children)
        {
            (string Name, Type Type) place = result switch
            {
                OptionResult option => (option.Option.Name, option.Option.ValueType),
                ArgumentResult argument => ($"<{argument.Argument.Name}>", argument.Argument.ValueType),
                _ => ("", typeof(void)),
            };
            if (place.Type.IsAssignableTo(typeof(FileSystemInfo))
                && result.Tokens.Any(token => token.Value == ReportOption.StandardOutput))
                request.AddError(
                    $"{place.Name}: a {(place.Type == typeof(FileInfo) ? "file" : "folder")} cannot be standard output, which - "
                    + "stands for; ./- is one of that name");
        }

        string[] printed = [.. ReportOption.Printed(request)];
        if (printed.Length > 1)
            request.AddError(
                $"{string.Join(" and ", printed)} cannot share standard output: give all but one a file in place of -");
        else if (printed.Length == 1 && request.GetResult(GlobalOptions.Json) is { Implicit: false })
            request.AddError(
                $"{printed[0]} - and --json cannot share standard output: give {printed[0]} a file, or leave out --json");
    }
}
