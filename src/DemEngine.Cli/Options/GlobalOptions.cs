using System.CommandLine;
using DemEngine.Cli.Progress;

namespace DemEngine.Cli.Options;

/// <summary>The options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print exactly one JSON object on standard output, at the end, on errors too, and nothing else there.",
        Recursive = true,
    };

    public static Option<bool> Quiet { get; } = new("--quiet", "-q")
    {
        Description = "Print nothing but errors.",
        Recursive = true,
    };

    public static Option<ProgressKind> Progress { get; } = NewProgress();

    public static Option<bool> NoColor { get; } = new("--no-color")
    {
        Description = "Print without colours, as with NO_COLOR or CLICOLOR=0 in the environment.",
        Recursive = true,
    };

    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Print stack traces with errors.",
        Recursive = true,
    };

    public static void AddTo(Command root)
    {
        foreach (Option option in new Option[] { Json, Quiet, Progress, NoColor, Verbose })
            root.Options.Add(option);
    }

    private static Option<ProgressKind> NewProgress()
    {
        Option<ProgressKind> option = Choice.Option(
            "--progress",
            "How progress is shown, on standard error: a bar, plain lines now and then, JSON lines, or not at all. auto is a "
            + "bar on a terminal and plain lines elsewhere.",
            ProgressKind.Auto);
        option.Recursive = true;
        return option;
    }
}
