using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>The options for the amount and the form of what a command prints; every command has them.</summary>
internal sealed class OutputOptions
{
    public Option<bool> Quiet => GlobalOptions.Quiet;

    public Option<bool> Json => GlobalOptions.Json;

    /// <summary>Adds nothing: the options are the root's.</summary>
    public void AddTo(Command command)
    {
    }
}
