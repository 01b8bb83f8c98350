using DemEngine.Cli.Output;

namespace DemEngine.Cli.Shells;

/// <summary>Prints the list of <c>dem --help errors</c>: every error code with its meaning and remedy.</summary>
internal static class ErrorCatalogue
{
    public static void Print(TextWriter output)
    {
        output.WriteLine(
            "Exit codes: 0 done, 1 failed while running, 2 the request or its inputs are wrong, 75 in the way only now, "
            + "130 or 143 interrupted.");
        foreach (ErrorCode code in ErrorCode.All)
        {
            output.WriteLine();
            output.WriteLine($"{code}  (exit {code.ExitCode})  {Remedies.MeaningOf(code)}");
            output.WriteLine($"         {Remedies.Of(code)}");
        }
    }
}
