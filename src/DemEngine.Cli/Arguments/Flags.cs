using System.CommandLine;

namespace DemEngine.Cli.Arguments;

/// <summary>
/// Options that are given or not. The library would take a word <c>true</c> or <c>false</c> after one for its value, even where
/// that is the name of a file, and <c>--json false</c> would be half of a request for JSON.
/// </summary>
internal static class Flags
{
    /// <summary>Lets no flag of a command, nor of those in it, take a value.</summary>
    /// <param name="command">The command, complete.</param>
    public static void TakeNoValue(Command command)
    {
        foreach (Option option in command.Options)
        {
            if (option is Option<bool>)
                option.Arity = ArgumentArity.Zero;
        }

        foreach (Command inner in command.Subcommands)
            TakeNoValue(inner);
    }

    /// <summary>Whether an option is a flag.</summary>
    public static bool Is(Option option) => option.Arity.MaximumNumberOfValues == 0;
}
