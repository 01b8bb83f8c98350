using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Cli.Arguments;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Sweeps;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that writes a checkpoint.</summary>
/// <param name="writesCard">Whether the command writes model cards, and so has an option to leave them out.</param>
/// <param name="positional">Argument in which the output can be given, too; null for none.</param>
/// <param name="part">Option with which a part of a plan is made, which says where the output is; null for none.</param>
/// <param name="whyNoOutput">Says what else is wrong where no output is given; null where nothing is.</param>
internal sealed class RunCommandOptions(
    bool writesCard = false,
    Argument<DirectoryInfo?>? positional = null,
    Option<string?>? part = null,
    Func<CommandResult, string?>? whyNoOutput = null)
{
    private readonly ReadCommandOptions _read = new();

    public Option<DirectoryInfo> Out { get; } = new("--out", "-o")
    {
        Description = "The folder to be made; it may be there, and empty. Nothing is visible in it until all of it is complete.",
        HelpName = "dir",
        Required = positional is null,
    };

    public Option<bool> Overwrite { get; } = new("--overwrite")
    {
        Description = "Replace an existing output of this tool, once the new one is complete.",
    };

    public Option<bool> Resume { get; } = new("--resume")
    {
        Description = "Go on with an unfinished run of the same command; what it finished is checked and kept. "
            + "--resume=auto starts where there is none, and is content with an output that is complete.",
    };

    /// <summary>What <c>--resume=auto</c> is rewritten to.</summary>
    private readonly Option<bool> _resumeAuto = new("--resume-auto")
    {
        Hidden = true,
        Description = "The same as --resume=auto.",
    };

    public Option<bool> Restart { get; } = new("--restart") { Description = "Discard an unfinished run and start anew." };

    public Option<long> MaxShardSize { get; } = Sizes.Option(
        "--max-shard-size", "Largest shard of the output.", ShardLayout.DefaultMaxShardBytes);

    public Option<NonFinitePolicy> NonFinite { get; } = Choice.Option(
        "--nonfinite",
        "Infinities and NaNs in the output: publish nothing, or publish and name the tensors.",
        NonFinitePolicy.Fail);

    public Option<bool> NoCard { get; } = new("--no-card")
    {
        Description = "Write no model card (README.md) and no mergekit_config.yml with the recipe.",
    };

    /// <summary>Whether the output is one file; an option of commands that make one model.</summary>
    public Option<bool> SingleFile { get; } = new("--single-file")
    {
        Description = "Write one .safetensors file in place of a folder: --out is its path. It has the free text of the base's "
            + "header. No configuration, tokenizer, manifest and model card are written, and a run that was stopped begins anew.",
    };

    public OutputOptions Output { get; } = new();

    public BackendCommandOptions Backend { get; } = new();

    public void AddTo(Command command)
    {
        Output.AddTo(command);
        foreach (Option option in new Option[] { Out, Overwrite, Resume, _resumeAuto, Restart, MaxShardSize, NonFinite })
            command.Options.Add(option);
        if (writesCard)
            command.Options.Add(NoCard);
        if (positional is not null)
            command.Options.Add(SingleFile);
        _read.AddTo(command);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(Resume) || result.GetValue(_resumeAuto)) && result.GetValue(Restart))
                result.AddError("give one of --resume and --restart, not both");
            if (positional is null)
                return;
            if (result.GetValue(SingleFile)
                && (result.GetValue(Resume) || result.GetValue(_resumeAuto) || result.GetValue(Restart)))
                result.AddError("a single file begins anew each time: --resume and --restart are for folders");
            if (result.GetValue(SingleFile) && result.GetResult(MaxShardSize) is { Implicit: false })
                result.AddError("--max-shard-size is for folders; give it or --single-file");
            bool isLastWord = result.GetResult(positional) is { Tokens.Count: > 0 };
            if (part is not null && result.GetResult(part) is not null)
            {
                if (isLastWord)
                    result.AddError("the output folder is decided by the plan: give it to `dem plan`, and not with --part");
                return;
            }

            if (result.GetResult(Out) is null && !isLastWord)
                result.AddError(whyNoOutput?.Invoke(result) ?? "--out is required, or the folder as the last word");
            else if (result.GetResult(Out) is not null && isLastWord)
                result.AddError("the output folder is given twice");
        });
    }

    /// <summary>Options that decide what the output is and where, and that plans of merges in parts have.</summary>
    public IEnumerable<Option> DecidedByPlans => [Out, Overwrite, MaxShardSize, NonFinite, NoCard, SingleFile];

    /// <summary>Full path of the output, a folder or a file.</summary>
    /// <exception cref="DemException">DEM1051 (NotInStore): it is in a store.</exception>
    public string Folder(ParseResult parsed) =>
        Place(parsed) is var place && StoreOutputRun.IsFor(place) ? throw StorePaths.OnDisk(place) : place;

    /// <summary>Full path of the output, or its address in a store.</summary>
    private string Place(ParseResult parsed)
    {
        DirectoryInfo output = (parsed.GetValue(Out) ?? parsed.GetValue(positional!))!;
        return StoreOutputRun.IsFor(output.ToString()) ? output.ToString() : output.FullName;
    }

    /// <summary>
    /// The options of one output. With <c>--resume=auto</c> one that was never begun is begun, and of one that is complete every
    /// byte is checked.
    /// </summary>
    /// <returns>The options; null if the output is there and as it should be.</returns>
    public RunOptions? ReadFor(ParseResult parsed, OutputPlan plan)
    {
        string folder = Folder(parsed);
        return parsed.GetValue(_resumeAuto) && FinishedOutput.IsSame(folder, plan)
            ? SweepMember.OptionsFor(folder, plan, Read(parsed), null, Interrupt.Token)
            : ReadFor(parsed, folder);
    }

    /// <summary>
    /// The options of one output of which no more is known. With <c>--resume=auto</c> one that was never begun is begun.
    /// </summary>
    public RunOptions ReadFor(ParseResult parsed, string folder)
    {
        RunOptions options = Read(parsed);
        return parsed.GetValue(_resumeAuto) && !StagingDirectory.IsThere(folder)
            ? options with { Unfinished = UnfinishedRun.Refuse }
            : options;
    }

    /// <summary>Whether a run starts where there is none to go on with, and is content with a complete output.</summary>
    public bool IsResumeAuto(ParseResult parsed) => parsed.GetValue(_resumeAuto);

    /// <summary>Whether the output is one file.</summary>
    public bool IsSingleFile(ParseResult parsed) => positional is not null && parsed.GetValue(SingleFile);

    /// <summary>Carries out a plan with these options, and prints what was done.</summary>
    /// <param name="parsed">The request.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="prepare">What is done first, unless nothing is left to be done; null for nothing.</param>
    public int Execute(ParseResult parsed, OutputPlan plan, Action? prepare = null)
    {
        if (StoreOutputRun.IsFor(Place(parsed)))
            return ExecuteInStore(parsed, plan, Place(parsed), prepare);
        string folder = Folder(parsed);
        RunReport report;
        if (ReadFor(parsed, plan) is { } options)
        {
            if (prepare is not null)
            {
                OutputRun.Check(plan, folder, options);
                prepare();
            }

            report = Execute(parsed, plan, folder, options);
        }
        else
        {
            report = FinishedOutput.Report(folder, plan);
        }

        RunSummary.Print(report, parsed.GetValue(Output.Quiet), parsed.GetValue(Output.Json));
        return 0;
    }

    /// <summary>Prints a plan, and fails if the disk has no room for it.</summary>
    /// <param name="parsed">The request.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="options">Options that count where nothing is left to be done.</param>
    /// <param name="all">Whether each tensor is listed.</param>
    public void PrintPlan(ParseResult parsed, OutputPlan plan, RunOptions options, bool all)
    {
        if (StoreOutputRun.IsFor(Place(parsed)))
        {
            options = Read(parsed);
            CheckInStore(parsed, plan, Place(parsed), options);
            PlanPrinter.Print(
                plan, options, null, all, parsed.GetValue(Output.Quiet), parsed.GetValue(Output.Json));
            return;
        }

        options = ReadFor(parsed, plan) ?? options with { Overwrite = true, Unfinished = UnfinishedRun.Restart };
        if (IsSingleFile(parsed) && plan.GgufForm is null)
            SingleFileRun.Check(plan, Folder(parsed), options.Overwrite);
        DiskRoom room = plan.GgufForm is not null
            ? GgufFileRun.Check(plan, Folder(parsed), options)
            : IsSingleFile(parsed)
            ? DiskRoom.For(plan, Folder(parsed), options)
            : OutputRun.Check(plan, Folder(parsed), options);
        PlanPrinter.Print(plan, options, room, all, parsed.GetValue(Output.Quiet), parsed.GetValue(Output.Json));
        room.Require(Folder(parsed));
    }

    /// <summary>Carries out a plan into a folder, with the backend that these options name.</summary>
    public RunReport Execute(ParseResult parsed, OutputPlan plan, string folder, RunOptions options)
    {
        bool quiet = parsed.GetValue(Output.Quiet);
        using IMergeBackend backend = Backend.Open(parsed, quiet);
        try
        {
            return ProgressDisplay.Run(
                quiet || parsed.GetValue(Output.Json),
                progress => plan.GgufForm is not null
                    ? GgufFileRun.Execute(plan, folder, backend, options, progress, Interrupt.Token)
                    : IsSingleFile(parsed)
                    ? SingleFileRun.Execute(plan, folder, backend, options, progress, Interrupt.Token)
                    : OutputRun.Execute(plan, folder, backend, options, progress, Interrupt.Token));
        }
        catch (DemException e) when (e.Code == ErrorCode.NonFiniteOutput && plan.GgufForm is null && IsSingleFile(parsed))
        {
            throw new DemException(
                e.Code, e.Message, e, "Look at the tensors named; to write it as it is, run the command with --nonfinite warn.");
        }
        catch (OperationCanceledException e)
            when (plan.GgufForm is null && !IsSingleFile(parsed) && StagingDirectory.IsThere(folder))
        {
            // A run that was stopped before it began left nothing to go on with.
            throw new ResumableInterruption(
                options.Unfinished == UnfinishedRun.Restart ? "--resume in place of --restart" : "--resume", e);
        }
    }

    private int ExecuteInStore(ParseResult parsed, OutputPlan plan, string folder, Action? prepare)
    {
        RunOptions options = Read(parsed);
        CheckInStore(parsed, plan, folder, options);
        prepare?.Invoke();
        bool quiet = parsed.GetValue(Output.Quiet);
        bool json = parsed.GetValue(Output.Json);
        using IMergeBackend backend = Backend.Open(parsed, quiet);
        try
        {
            RunSummary.Print(
                ProgressDisplay.Run(
                    quiet || json,
                    progress => StoreOutputRun.Execute(plan, folder, backend, options, progress, Interrupt.Token)),
                quiet,
                json);
            return 0;
        }
        catch (DemException e) when (e.Code == ErrorCode.NonFiniteOutput)
        {
            throw new DemException(
                e.Code, e.Message, e, "Look at the tensors named; to write it as it is, run the command with --nonfinite warn.");
        }
    }

    private void CheckInStore(ParseResult parsed, OutputPlan plan, string folder, RunOptions options)
    {
        if (IsSingleFile(parsed))
            throw StorePaths.OnDisk(folder);
        StoreOutputRun.Check(plan, folder, options);
    }

    public RunOptions Read(ParseResult parsed) => _read.Read(parsed) with
    {
        Overwrite = parsed.GetValue(Overwrite),
        Unfinished = parsed.GetValue(Resume) || parsed.GetValue(_resumeAuto)
            ? UnfinishedRun.Resume
            : parsed.GetValue(Restart) ? UnfinishedRun.Restart : UnfinishedRun.Refuse,
        MaxShardBytes = IsSingleFile(parsed) ? long.MaxValue : parsed.GetValue(MaxShardSize),
        NonFinite = parsed.GetValue(NonFinite),
        Card = writesCard && !parsed.GetValue(NoCard),
    };
}
