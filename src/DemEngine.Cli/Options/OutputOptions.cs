using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>How much a command prints, and in which form.</summary>
internal sealed class OutputOptions
{
    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Print nothing but errors." };

    public Option<bool> Json { get; } = new("--json") { Description = "Print exactly one JSON object on standard output, at the end, and nothing else there." };

    public void AddTo(Command command)
    {
        command.Options.Add(Quiet);
        command.Options.Add(Json);
    }
}
