using System.Globalization;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.ScaleOut;

/// <summary>
/// The number of the part that this process is started for: as the request says, or as the scheduler numbers its tasks. A job
/// array and tasks that are started together can be combined, so that each task of each array element has a part of its own.
/// </summary>
internal static class ScheduledPart
{
    /// <summary>Word that has the scheduler asked.</summary>
    public const string Auto = "auto";

    // Open MPI, then MPICH, Intel MPI and those that follow them, then srun alone. A rank that MPI gives is worth more than the
    // one of srun, which may have started one process only, MPI's own.
    private static readonly (string Rank, string Size)[] Ranks =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("PMI_RANK", "PMI_SIZE"),
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ];

    /// <summary>Finds the number.</summary>
    /// <param name="word">What was asked for: a number, or <see cref="Auto"/>.</param>
    /// <param name="parts">Number of parts.</param>
    /// <param name="variable">Function that returns the value of an environment variable; null if it is not set.</param>
    /// <exception cref="DemException">
    /// DEM1031 (NoSuchPart): no scheduler says a number, there is no such part, or there are more or fewer tasks than parts.
    /// </exception>
    public static int Of(string word, int parts, Func<string, string?> variable)
    {
        if (word != Auto)
            return Within(int.Parse(word, CultureInfo.InvariantCulture), parts, "--part");
        (int Index, int? Count, string Source)? array = ArrayOf(variable), rank = RankOf(variable);
        if (array is { } element && rank is { } task)
            return Checked(
                (element.Index * task.Count!.Value) + task.Index,
                element.Count * task.Count,
                parts,
                $"{element.Source} with {task.Source}");
        if ((array ?? rank ?? CompletionOf(variable)) is { } one)
            return Checked(one.Index, one.Count, parts, one.Source);
        throw new DemException(
            ErrorCode.NoSuchPart,
            "--part auto: neither SLURM_ARRAY_TASK_ID nor a rank of srun or MPI nor JOB_COMPLETION_INDEX is set",
            remedy: $"Start it by a scheduler, or give the number, from --part 0 to --part {parts - 1}.");
    }

    private static int Checked(int index, int? count, int parts, string source) => count is { } tasks && tasks != parts
        ? throw new DemException(
            ErrorCode.NoSuchPart,
            $"there {(tasks == 1 ? "is" : "are")} {Counted.Of(tasks, "task")} by {source}, and {Counted.Of(parts, "part")}")
        : Within(index, parts, source);

    private static int Within(int index, int parts, string source) => index >= 0 && index < parts
        ? index
        : throw new DemException(
            ErrorCode.NoSuchPart, $"{source} says part {index}, and there are the parts 0 to {parts - 1}");

    private static (int Index, int? Count, string Source)? ArrayOf(Func<string, string?> variable)
    {
        const string id = "SLURM_ARRAY_TASK_ID";
        if (Number(variable, id) is not { } task)
            return null;
        int first = Number(variable, "SLURM_ARRAY_TASK_MIN") ?? 0;
        int step = Math.Max(1, Number(variable, "SLURM_ARRAY_TASK_STEP") ?? 1);
        int? count = Number(variable, "SLURM_ARRAY_TASK_COUNT");
        return ((task - first) / step, count, id);
    }

    private static (int Index, int? Count, string Source)? RankOf(Func<string, string?> variable)
    {
        foreach (var (rank, size) in Ranks)
        {
            if (Number(variable, rank) is { } index && Number(variable, size) is { } count)
                return (index, count, rank);
        }

        return null;
    }

    private static (int Index, int? Count, string Source)? CompletionOf(Func<string, string?> variable)
    {
        const string index = "JOB_COMPLETION_INDEX";
        return Number(variable, index) is { } number ? (number, null, index) : null;
    }

    private static int? Number(Func<string, string?> variable, string name) =>
        int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
