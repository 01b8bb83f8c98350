using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>
/// Makes a console on standard output for headings and tables: plain and never wrapped unless it is a terminal.
/// </summary>
internal static class OutputConsole
{
    private const int Unwrapped = 100_000;

    public static IAnsiConsole Create()
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) };
        if (!Console.IsOutputRedirected)
            return AnsiConsole.Create(settings);

        // Set here, because the library itself goes by the terminal's name alone.
        settings.Ansi = AnsiSupport.No;
        settings.ColorSystem = ColorSystemSupport.NoColors;
        IAnsiConsole console = AnsiConsole.Create(settings);
        console.Profile.Width = Unwrapped;
        return console;
    }
}
