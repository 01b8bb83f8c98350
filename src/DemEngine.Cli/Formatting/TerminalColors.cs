using Spectre.Console;

namespace DemEngine.Cli.Formatting;

/// <summary>Whether what is printed on terminals has colours.</summary>
internal static class TerminalColors
{
    /// <summary>Whether the request wants them.</summary>
    public static bool AreWanted { get; set; } = true;

    /// <summary>
    /// Which colours a console has: none where the request or the environment says so. The library heeds NO_COLOR by itself.
    /// </summary>
    public static ColorSystemSupport System =>
        AreWanted && Environment.GetEnvironmentVariable("CLICOLOR") != "0"
            ? ColorSystemSupport.Detect
            : ColorSystemSupport.NoColors;
}
