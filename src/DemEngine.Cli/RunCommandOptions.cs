using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Cli.Output;
using DemEngine.Merging;

namespace DemEngine.Cli;

/// <summary>The options of every command that writes a checkpoint.</summary>
internal sealed class RunCommandOptions
{
    public Option<DirectoryInfo> Out { get; } = new("--out", "-o") { Description = "The folder to be made.", HelpName = "dir", Required = true };

    public Option<bool> Overwrite { get; } = new("--overwrite") { Description = "Replace an existing output once the new one is complete." };

    public Option<bool> Resume { get; } = new("--resume") { Description = "Go on with an unfinished run of the same command." };

    public Option<bool> Restart { get; } = new("--restart") { Description = "Discard an unfinished run and start anew." };

    public Option<int> Threads { get; } = NewThreads();

    public Option<long> MaxMemory { get; } = Sizes.Option("--max-memory", "Upper bound of all buffers together.", RunOptions.DefaultMaxMemoryBytes);

    public Option<long> MaxShardSize { get; } = Sizes.Option("--max-shard-size", "Largest shard of the output.", ShardLayout.DefaultMaxShardBytes);

    public Option<IoMode> Io { get; } = Choice.Option("--io", "How input files are read.", IoMode.Mmap);

    public Option<NonFinitePolicy> NonFinite { get; } =
        Choice.Option("--nonfinite", "What to do about infinities and NaNs in the output.", NonFinitePolicy.Fail);

    public OutputOptions Output { get; } = new();

    /// <summary>The option for the number of threads.</summary>
    public static Option<int> NewThreads()
    {
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that read, compute and write. Default: the number of processors.",
            HelpName = "n",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--threads takes a positive number");
        });
        return threads;
    }

    public void AddTo(Command command)
    {
        Output.AddTo(command);
        foreach (Option option in new Option[] { Out, Overwrite, Resume, Restart, Threads, MaxMemory, MaxShardSize, Io, NonFinite })
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Resume) && result.GetValue(Restart))
                result.AddError("--resume and --restart exclude each other");
        });
    }

    /// <summary>Carries out a plan as these options say, and prints what was done.</summary>
    public int Execute(ParseResult parsed, OutputPlan plan)
    {
        bool json = parsed.GetValue(Output.Json);
        bool quiet = parsed.GetValue(Output.Quiet);
        RunOptions options = Read(parsed);
        using var backend = new CpuBackend();
        RunReport report = ProgressDisplay.Run(
            quiet || json,
            progress => OutputRun.Execute(plan, parsed.GetValue(Out)!.FullName, backend, options, progress, Interrupt.Token));
        RunSummary.Print(report, quiet, json);
        return 0;
    }

    public RunOptions Read(ParseResult parsed) => new()
    {
        Overwrite = parsed.GetValue(Overwrite),
        Unfinished = parsed.GetValue(Resume) ? UnfinishedRun.Resume : parsed.GetValue(Restart) ? UnfinishedRun.Restart : UnfinishedRun.Refuse,
        Threads = parsed.GetValue(Threads),
        MaxMemoryBytes = parsed.GetValue(MaxMemory),
        MaxShardBytes = parsed.GetValue(MaxShardSize),
        Io = parsed.GetValue(Io),
        NonFinite = parsed.GetValue(NonFinite),
    };
}
