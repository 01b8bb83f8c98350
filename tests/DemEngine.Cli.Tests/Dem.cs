namespace DemEngine.Cli.Tests;

/// <summary>Runs <c>dem</c> in this process. The console is the process's, so that one runs at a time.</summary>
internal static class Dem
{
    private static readonly Lock OneAtATime = new();

    public static CommandResult Run(params string[] args)
    {
        lock (OneAtATime)
            return RunHere(args);
    }

    private static CommandResult RunHere(string[] args)
    {
        (TextWriter oldOutput, TextWriter oldError) = (Console.Out, Console.Error);
        using var output = new StringWriter();
        using var error = new StringWriter();
        try
        {
            Console.SetOut(output);
            Console.SetError(error);
            return new CommandResult(DemCommand.Run(args), output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(oldOutput);
            Console.SetError(oldError);
        }
    }
}
