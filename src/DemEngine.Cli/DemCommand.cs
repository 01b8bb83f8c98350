using System.CommandLine;
using System.CommandLine.Help;
using DemEngine.Answers;
using DemEngine.Cli.Answers;
using DemEngine.Cli.Arguments;
using DemEngine.Cli.Checks;
using DemEngine.Cli.Commands;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Cli.ScaleOut;
using DemEngine.Files;
using DemEngine.Stores;

namespace DemEngine.Cli;

/// <summary>The root of the command line: builds all commands, runs one, and reports errors.</summary>
internal static class DemCommand
{
    private const int WrongRequest = 2;

    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>
    /// The exit code: 0 done; 1 failed while running; 2 the request or its inputs are wrong; 75 something is in the way only
    /// now; 130 interrupted, 143 terminated.
    /// </returns>
    public static int Run(string[] args)
    {
        Startup.KnownStores.Register();
        if (!RequestWords.AskForJson(args))
            return Answer(args, _ => { });

        TextWriter output = Console.Out;
        using var printed = new StringWriter();
        ErrorAnswer? error = null;
        int exitCode;
        try
        {
            Console.SetOut(printed);
            exitCode = Answer(args, one => error = one);
        }
        finally
        {
            Console.SetOut(output);
        }

        try
        {
            JsonResult.Write(output, printed.ToString(), error);
            return exitCode;
        }
        catch (DemException refused)
        {
            ErrorPrinter.Print(refused.Code, Remedies.Of(refused), refused.Message);
            return refused.Code.ExitCode;
        }
    }

    /// <summary>Runs a command, and prints an error on standard error as text.</summary>
    /// <param name="args">Words of the request.</param>
    /// <param name="failed">Callback that receives the error, too.</param>
    private static int Answer(string[] args, Action<ErrorAnswer> failed)
    {
        using var interrupt = new Interrupt();
        TextWriter output = Console.Out;
        try
        {
            return Invoke(args, failed);
        }
        catch (OperationCanceledException e)
        {
            string? how = (e as ResumableInterruption)?.Message;
            Prose.Tell(how is null ? "interrupted" : $"interrupted; {how}");
            failed(new ErrorAnswer(ErrorAnswer.Interrupted, "interrupted", how));
            return interrupt.ExitCode;
        }
        catch (Exception e)
        {
            ErrorCode code = e is DemException known ? known.Code : SystemError.CodeOf(e);
            string message = code == ErrorCode.NoWorkingFolder && e is not DemException ? code.Meaning
                : code == ErrorCode.Internal ? $"{e.GetType().Name}: {e.Message}" : e.Message;
            message = StoreCopies.WithAddresses(message);
            string remedy = StoreCopies.WithAddresses(e is DemException error ? Remedies.Of(error) : Remedies.Of(code));
            ErrorPrinter.Print(code, remedy, message);
            if (args.Contains(GlobalOptions.Verbose.Name))
                Console.Error.WriteLine(e);
            failed(new ErrorAnswer($"{code}", message, remedy) { Cause = e as DemException });
            return DiffCommand.AsksForExitCode(args) ? DiffCommand.Trouble : code.ExitCode;
        }
        finally
        {
            Console.SetOut(output);
        }
    }

    private static int Invoke(string[] args, Action<ErrorAnswer> failed)
    {
        if (HelpTopics.TryPrint(args))
            return 0;

        bool isTold = !RequestWords.AskForQuiet(args) && !RequestWords.AskForJson(args);
        string[] words = RequestWords.Rewrite(args, note => { if (isTold) Prose.Tell($"note: {note}"); });

        // A file name may start with @; arguments are never read from it.
        ParseResult parsed = Build().Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        string[] mistakes = [.. RequestMistakes.Of(parsed, words, HelpTopics.Names)];
        if (mistakes.Length > 0)
        {
            string remedy = RequestMistakes.Remedy(parsed);
            ErrorPrinter.Print(ErrorCode.BadArgument, remedy, mistakes);
            failed(new ErrorAnswer($"{ErrorCode.BadArgument}", string.Join("; ", mistakes), remedy));
            return WrongRequest;
        }

        StorePaths.Refuse(parsed);
        ProgressDisplay.Asked = parsed.GetValue(GlobalOptions.Progress);
        TerminalColors.AreWanted = !parsed.GetValue(GlobalOptions.NoColor);
        if (parsed.GetValue(GlobalOptions.Quiet) && !parsed.GetValue(GlobalOptions.Json))
            Console.SetOut(TextWriter.Null);
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
            `dem demo` shows it at work; `dem help errors` lists all error codes, `dem help topics` what else there is to read.
            """)
        {
            DemoCommand.Build(),
            MergeCommand.Build(),
            PlanCommand.Build(),
            JoinCommand.Build(),
            MoeCommand.Build(),
            ConvertCommand.Build(),
            ExtractCommand.Build(),
            LoraCommand.Build(),
            DistanceCommand.Build(),
            InspectCommand.Build(),
            EvalCommand.Build(),
            SearchCommand.Build(),
            SweepCommand.Build(),
            Startup.Build.HasGpuAndTraining ? ExperimentCommand.Build() : NotIncludedCommand.Build("experiment"),
            VerifyCommand.Build(),
            DiffCommand.Build(),
            Startup.Build.HasGpuAndTraining ? TrainCommand.Build() : NotIncludedCommand.Build("train"),
            SynthCommand.Build(),
            BenchCommand.Build(),
            DevicesCommand.Build(),
            DoctorCommand.Build(),
            Startup.Build.HasGpuAndTraining ? SetupCommand.Build() : NotIncludedCommand.Build("setup"),
            CheckCommand.Build(),
            SchemaCommand.Build(),
            CompletionCommand.Build(),
            ManPageCommand.Build(),
        };
        GlobalOptions.AddTo(root);
        StreamWords.Guard(root);
        GuardedChecks.Guard(root);
        Flags.TakeNoValue(root);
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Description = "Show the version, and what this build includes.";
                version.Action = new VersionAction();

                // The library's only check is that nothing else is asked for, and --json may be.
                version.Validators.Clear();
            }
            else if (option is HelpOption help)
            {
                help.Description = "Show this help.";
                help.Action = new HelpTextAction((HelpAction)help.Action!);
            }
        }

        return root;
    }
}
