using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>The options for the amount and the form of what a command prints.</summary>
internal sealed class OutputOptions
{
    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Print nothing but errors." };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print exactly one JSON object on standard output, at the end, and nothing else there.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Quiet);
        command.Options.Add(Json);
    }
}
