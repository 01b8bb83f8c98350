using System.CommandLine;
using System.CommandLine.Parsing;

namespace DemEngine.Cli.Arguments;

/// <summary>
/// Checks of commands that look at several options at once. They run before each option's own value is looked at, and asking for
/// a value that cannot be read throws: that is a mistake of the request like any other.
/// </summary>
internal static class GuardedChecks
{
    /// <summary>Turns what the checks of a command and of those in it throw into mistakes of the request.</summary>
    /// <param name="command">The command, complete.</param>
    public static void Guard(Command command)
    {
        for (int k = 0; k < command.Validators.Count; k++)
        {
            Action<CommandResult> check = command.Validators[k];
            command.Validators[k] = result =>
            {
                try
                {
                    check(result);
                }
                catch (InvalidOperationException e)
                {
                    result.AddError(e.Message);
                }
            };
        }

        foreach (Command inner in command.Subcommands)
            Guard(inner);
    }
}
