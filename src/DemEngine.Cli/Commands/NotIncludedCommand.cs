using System.CommandLine;

namespace DemEngine.Cli.Commands;

/// <summary>Stands for a command that this build does not include, and says where it is.</summary>
internal static class NotIncludedCommand
{
    /// <param name="name">Name of the command.</param>
    public static Command Build(string name)
    {
        var command = new Command(name, "Not in this build; the .NET tool has it.") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(int (_) => throw Startup.Build.Lacks($"command {name}"));
        return command;
    }
}
