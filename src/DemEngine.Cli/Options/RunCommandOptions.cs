using System.CommandLine;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that writes a checkpoint.</summary>
/// <param name="writesCard">Whether the command writes model cards, and so has an option to leave them out.</param>
internal sealed class RunCommandOptions(bool writesCard = false)
{
    private readonly ReadCommandOptions _read = new();

    public Option<DirectoryInfo> Out { get; } = new("--out", "-o")
    {
        Description = "The folder to be made. Nothing is visible there until all of it is complete.",
        HelpName = "dir",
        Required = true,
    };

    public Option<bool> Overwrite { get; } = new("--overwrite")
    {
        Description = "Replace an existing output of this tool, once the new one is complete.",
    };

    public Option<bool> Resume { get; } = new("--resume")
    {
        Description = "Go on with an unfinished run of the same command; what it finished is checked and kept.",
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

    public OutputOptions Output { get; } = new();

    public BackendCommandOptions Backend { get; } = new();

    public void AddTo(Command command)
    {
        Output.AddTo(command);
        foreach (Option option in new Option[] { Out, Overwrite, Resume, Restart, MaxShardSize, NonFinite })
            command.Options.Add(option);
        if (writesCard)
            command.Options.Add(NoCard);
        _read.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Resume) && result.GetValue(Restart))
                result.AddError("--resume and --restart exclude each other");
        });
    }

    /// <summary>Carries out a plan with these options, and prints what was done.</summary>
    public int Execute(ParseResult parsed, OutputPlan plan)
    {
        RunReport report = Execute(parsed, plan, parsed.GetValue(Out)!.FullName, Read(parsed));
        RunSummary.Print(report, parsed.GetValue(Output.Quiet), parsed.GetValue(Output.Json));
        return 0;
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
                progress => OutputRun.Execute(plan, folder, backend, options, progress, Interrupt.Token));
        }
        catch (OperationCanceledException e)
        {
            throw new ResumableInterruption(
                options.Unfinished == UnfinishedRun.Restart ? "--resume in place of --restart" : "--resume", e);
        }
    }

    public RunOptions Read(ParseResult parsed) => _read.Read(parsed) with
    {
        Overwrite = parsed.GetValue(Overwrite),
        Unfinished = parsed.GetValue(Resume)
            ? UnfinishedRun.Resume
            : parsed.GetValue(Restart) ? UnfinishedRun.Restart : UnfinishedRun.Refuse,
        MaxShardBytes = parsed.GetValue(MaxShardSize),
        NonFinite = parsed.GetValue(NonFinite),
        Card = writesCard && !parsed.GetValue(NoCard),
    };
}
