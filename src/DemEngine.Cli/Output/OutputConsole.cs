using DemEngine.Cli.Formatting;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>
/// Makes a console on standard output for headings and tables: plain and never wrapped unless it is a terminal.
/// </summary>
internal static class OutputConsole
{
    private const int Unwrapped = 100_000;

    /// <summary>Columns of the terminal that standard output is; null if it is none, or tells no width.</summary>
    public static int? TerminalWidth =>
        !Console.IsOutputRedirected && Console.WindowWidth is > 0 and var width ? width : null;

    public static IAnsiConsole Create()
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out), ColorSystem = TerminalColors.System };
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
