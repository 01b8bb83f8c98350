using System.Globalization;

namespace DemEngine.Cli.Options;

/// <summary>
/// How many threads a command uses that is not told: one a processor that the process may run on, and where Slurm has given a
/// task fewer, as many as that. Slurm binds tasks to processors only where the site has set it up.
/// </summary>
internal static class DefaultThreads
{
    public static int Count { get; } = For(Environment.ProcessorCount, Environment.GetEnvironmentVariable("SLURM_CPUS_PER_TASK"));

    /// <summary>The number of threads.</summary>
    /// <param name="processors">Processors that the process may run on.</param>
    /// <param name="slurm">Value of <c>SLURM_CPUS_PER_TASK</c>; null where it is not set.</param>
    public static int For(int processors, string? slurm) =>
        int.TryParse(slurm, NumberStyles.None, CultureInfo.InvariantCulture, out int given) && given >= 1
            ? Math.Min(given, processors)
            : processors;
}
