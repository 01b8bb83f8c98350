using System.CommandLine;
using DemEngine.Cli.Commands;
using DemEngine.Cli.Output;

namespace DemEngine.Cli;

/// <summary>The command line as a whole: which commands there are, and what becomes of errors.</summary>
internal static class DemCommand
{
    private const int Interrupted = 130;
    private const int WrongRequest = 2;

    /// <summary>Runs one command.</summary>
    /// <returns>0 done; 1 failed while running; 2 the request or its inputs are wrong; 130 interrupted.</returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h", "errors"] or ["help", "errors"])
        {
            ErrorCatalogue.Print(Console.Out);
            return 0;
        }

        var root = Build();
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Console.Error.WriteLine($"error {ErrorCode.BadArgument}: {error.Message}");
            Console.Error.WriteLine($"       {ErrorCode.BadArgument.Remedy}");
            return WrongRequest;
        }

        bool verbose = parsed.GetValue(GlobalOptions.Verbose);
        using var interrupt = new Interrupt();
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("interrupted; run the same command with --resume to go on");
            return Interrupted;
        }
        catch (DemException e)
        {
            return Report(e.Code, e.Message, e, verbose);
        }
        catch (OutOfMemoryException e)
        {
            return Report(ErrorCode.OutOfMemory, e.Message, e, verbose);
        }
        catch (Exception e)
        {
            return Report(ErrorCode.Internal, $"{e.GetType().Name}: {e.Message}", e, verbose);
        }
    }

    private static RootCommand Build()
    {
        var root = new RootCommand("Merges large language-model checkpoints: streaming, bit-reproducible, in bounded memory.")
        {
            MergeCommand.Build(),
            ExtractCommand.Build(),
            DistanceCommand.Build(),
            InspectCommand.Build(),
            VerifyCommand.Build(),
            DiffCommand.Build(),
            SynthCommand.Build(),
            BenchCommand.Build(),
        };
        root.Options.Add(GlobalOptions.Verbose);
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version)
                version.Action = new VersionAction();
        }

        return root;
    }

    private static int Report(ErrorCode code, string message, Exception e, bool verbose)
    {
        Console.Error.WriteLine($"error {code}: {message}");
        Console.Error.WriteLine($"       {code.Remedy}");
        if (verbose)
            Console.Error.WriteLine(e);
        return code.ExitCode;
    }
}
