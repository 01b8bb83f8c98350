namespace DemEngine.Cli.Startup;

/// <summary>
/// Keeps .NET from switching a terminal's keys to another mode, which it does with the first write, by an escape sequence on
/// standard output. Where the terminal's name is one that has no such mode it does not; so it writes nothing once under that
/// name. Colours and bars are another library's, which asks for the name later.
/// </summary>
internal static class TerminalKeys
{
    private const string Variable = "TERM";

    /// <summary>Begins the console. Called before anything is written.</summary>
    public static void LeaveAsTheyAre()
    {
        if (OperatingSystem.IsWindows())
            return;
        string? name = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, "dumb");
        try
        {
            Console.OpenStandardOutput().Write([]);
        }
        catch (IOException)
        {
            // A stream that is closed is no terminal.
        }

        Environment.SetEnvironmentVariable(Variable, name);
    }
}
