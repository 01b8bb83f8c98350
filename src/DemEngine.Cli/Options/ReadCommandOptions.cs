using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that reads whole checkpoints.</summary>
internal sealed class ReadCommandOptions
{
    public Option<int> Threads { get; } = NewThreads();

    public Option<long> MaxMemory { get; } = Sizes.Option(
        "--max-memory", "Upper bound of all buffers together.", RunOptions.DefaultMaxMemoryBytes);

    public Option<IoMode> Io { get; } = Choice.Option(
        "--io", "How files are read and written: mapped, copied, past the page cache, or as fits their size.", IoMode.Auto);

    /// <summary>Makes the option for the number of threads.</summary>
    public static Option<int> NewThreads() => Numbers.Positive(
        "--threads",
        $"Threads that read, compute and write. Default: one a processor, here {DefaultThreads.Count}.",
        DefaultThreads.Count);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Threads, MaxMemory, Io })
            command.Options.Add(option);
    }

    public RunOptions Read(ParseResult parsed) => new()
    {
        Threads = parsed.GetValue(Threads),
        MaxMemoryBytes = parsed.GetValue(MaxMemory),
        Io = parsed.GetValue(Io),
    };
}
