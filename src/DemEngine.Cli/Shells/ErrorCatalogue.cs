using DemEngine.Cli.Output;

namespace DemEngine.Cli.Shells;

/// <summary>Prints the list of <c>dem help errors</c>: every error code with its meaning and remedy.</summary>
internal static class ErrorCatalogue
{
    private const string Indent = "         ";

    public static void Print()
    {
        Prose.Print(
            "Exit codes: 0 done, 1 failed while running, 2 the request or its inputs are wrong, 75 in the way only now, "
            + "130 or 143 interrupted.");
        foreach (ErrorCode code in ErrorCode.All)
        {
            Console.Out.WriteLine();
            Prose.Print($"{code}  (exit {code.ExitCode})  {Remedies.MeaningOf(code)}", Indent);
            Prose.Print($"{Indent}{Remedies.Of(code)}", Indent);
        }
    }
}
