using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using DemEngine.Cli.Commands;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Files;

namespace DemEngine.Cli;

/// <summary>The root of the command line: builds all commands, runs one, and reports errors.</summary>
internal static class DemCommand
{
    private const int Interrupted = 130;
    private const int WrongRequest = 2;

    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code: 0 done; 1 failed while running; 2 the request or its inputs are wrong; 130 interrupted.</returns>
    public static int Run(string[] args)
    {
        bool verbose = args.Contains(GlobalOptions.Verbose.Name);
        try
        {
            return Invoke(args);
        }
        catch (OperationCanceledException e)
        {
            Console.Error.WriteLine(e is ResumableInterruption ? $"interrupted; {e.Message}" : "interrupted");
            return Interrupted;
        }
        catch (DemException e)
        {
            return Report(e.Code, Remedies.Of(e), e, verbose);
        }
        catch (Exception e)
        {
            ErrorCode code = SystemError.CodeOf(e);
            return Report(code, Remedies.Of(code), e, verbose);
        }
    }

    private static int Invoke(string[] args)
    {
        if (args is ["--help" or "-h" or "-?" or "help", "errors"])
        {
            ErrorCatalogue.Print(Console.Out);
            return 0;
        }

        // The forms that other tools understand too: `dem help`, `dem help merge`.
        if (args is ["help", .. var command])
            args = [.. command, "--help"];

        // A file name may start with @; arguments are never read from it.
        ParseResult parsed = Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        string[] mistakes = [.. Mistakes(parsed)];
        if (mistakes.Length > 0)
        {
            ErrorPrinter.Print(ErrorCode.BadArgument, mistakes);
            return WrongRequest;
        }

        using var interrupt = new Interrupt();
        return parsed.Invoke(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>Builds the root command with all commands.</summary>
    internal static RootCommand Build()
    {
        var root = new RootCommand(
            """
            Merges large language-model checkpoints: streaming, bit-reproducible, in bounded memory.
            `dem demo` shows it at work; `dem help errors` lists all error codes and exit codes.
            """)
        {
            DemoCommand.Build(),
            MergeCommand.Build(),
            ExtractCommand.Build(),
            DistanceCommand.Build(),
            InspectCommand.Build(),
            EvalCommand.Build(),
            SearchCommand.Build(),
            SweepCommand.Build(),
            ExperimentCommand.Build(),
            VerifyCommand.Build(),
            DiffCommand.Build(),
            TrainCommand.Build(),
            SynthCommand.Build(),
            BenchCommand.Build(),
            DevicesCommand.Build(),
            SetupCommand.Build(),
        };
        root.Options.Add(GlobalOptions.Verbose);
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Description = "Show the version, and what this build includes.";
                version.Action = new VersionAction();
            }
            else if (option is HelpOption help)
            {
                help.Description = "Show this help.";
                help.Action = new HelpTextAction((HelpAction)help.Action!);
            }
        }

        return root;
    }

    /// <summary>
    /// Lists what is wrong with the words of a request. Unknown words hide the errors about missing ones, which are often their
    /// result.
    /// </summary>
    private static IEnumerable<string> Mistakes(ParseResult parsed)
    {
        // The library takes a misspelt option for a file name where an argument is expected.
        string[] unknown =
        [
            .. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
                .Where(token => token.Type == TokenType.Argument && token.Value is ['-', not (>= '0' and <= '9' or '.'), ..])
                .Select(token => token.Value),
        ];
        if (unknown.Length > 0)
            return unknown.Select(word => $"there is no option '{word}' here");
        return parsed.UnmatchedTokens.Count > 0
            ? parsed.UnmatchedTokens.Select(word => $"there is no place for '{word}' here")
            : parsed.Errors.Select(error => error.Message);
    }

    private static int Report(ErrorCode code, string remedy, Exception e, bool verbose)
    {
        string message = code == ErrorCode.NoWorkingFolder && e is not DemException ? code.Meaning
            : code == ErrorCode.Internal ? $"{e.GetType().Name}: {e.Message}" : e.Message;
        ErrorPrinter.Print(code, remedy, message);
        if (verbose)
            Console.Error.WriteLine(e);
        return code.ExitCode;
    }
}
