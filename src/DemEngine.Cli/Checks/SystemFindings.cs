using System.Runtime.InteropServices;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Files;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Checks;

/// <summary>Looks at the processor, the memory and the limits of the process.</summary>
internal static class SystemFindings
{
    // Shards, journals and what the runtime itself opens: a run over a model of several hundred shards.
    private const long FilesWanted = 1024;

    // Buffers, names and places of a large model's tensors, and the runtime.
    private const long MemoryWanted = 2 * RunOptions.DefaultMaxMemoryBytes;

    /// <summary>Gives the findings.</summary>
    public static IEnumerable<Finding> All()
    {
        yield return Processor();
        yield return Memory();
        yield return OpenFiles();
        yield return new Finding(
            "system", Health.Ok, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
    }

    private static Finding Processor()
    {
        using var cpu = new CpuBackend();
        string text = $"{cpu.Description}, {DefaultThreads.Count} of {Environment.ProcessorCount} threads";
        return ProcessorFinding.Of(text);
    }

    private static Finding Memory()
    {
        long bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string text = $"{Sizes.Format(bytes)} that the process may use";
        return bytes >= MemoryWanted
            ? new Finding("memory", Health.Ok, text)
            : new Finding("memory", Health.Warn, text, "Give the container or job more, or lower --max-memory.");
    }

    private static Finding OpenFiles() => LinuxFile.MostOpenFiles() switch
    {
        null => new Finding("open files", Health.Ok, "no limit"),
        >= FilesWanted and var most => new Finding("open files", Health.Ok, $"at most {most}"),
        var most => new Finding(
            "open files",
            Health.Warn,
            $"at most {most}",
            $"Raise the limit before merging models of many shards, as with `ulimit -n {FilesWanted}`."),
    };
}
