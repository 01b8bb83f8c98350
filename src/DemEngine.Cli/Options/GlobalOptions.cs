using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>The options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Print stack traces with errors.",
        Recursive = true,
    };
}
