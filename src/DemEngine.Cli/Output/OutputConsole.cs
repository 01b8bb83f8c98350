using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Standard output as a console for headings and tables: plain and never wrapped where it is no terminal.</summary>
internal static class OutputConsole
{
    private const int Unwrapped = 1000;

    public static IAnsiConsole Create()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = Unwrapped;
        return console;
    }
}
