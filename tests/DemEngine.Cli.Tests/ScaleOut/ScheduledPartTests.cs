using DemEngine.Cli.ScaleOut;

namespace DemEngine.Cli.Tests.ScaleOut;

/// <summary>Which part a task makes, by the variables that schedulers set.</summary>
public sealed class ScheduledPartTests
{
    [TestCase("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=8", 8, 3)]
    [TestCase("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=8", 8, 0)]
    [TestCase("SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=8", 8, 7)]
    [TestCase("SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=8", 8, 5)]
    [TestCase("OMPI_COMM_WORLD_RANK=6 OMPI_COMM_WORLD_SIZE=8 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", 8, 6)]
    [TestCase("PMI_RANK=7 PMI_SIZE=8", 8, 7)]
    [TestCase("JOB_COMPLETION_INDEX=2", 8, 2)]
    [TestCase("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=4", 8, 7)]
    public void A_task_has_the_part_of_its_number(string variables, int parts, int part) =>
        Assert.That(Of(variables, parts), Is.EqualTo(part));

    [TestCase("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_COUNT=2", "there are 2 tasks by SLURM_ARRAY_TASK_ID, and 8 parts")]
    [TestCase("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=16", "there are 16 tasks")]
    [TestCase("JOB_COMPLETION_INDEX=8", "says part 8")]
    [TestCase("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=8 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4", "there are 32 tasks")]
    [TestCase("SLURM_PROCID=0", "neither")]
    [TestCase("SLURM_ARRAY_TASK_ID=first", "neither")]
    [TestCase("", "neither")]
    public void What_does_not_fit_the_plan_is_refused(string variables, string message)
    {
        DemException error = Assert.Throws<DemException>(() => Of(variables, 8))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.NoSuchPart));
        Assert.That(error.Message, Does.Contain(message));
    }

    private static int Of(string variables, int parts)
    {
        Dictionary<string, string> set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Split('=')).ToDictionary(one => one[0], one => one[1]);
        return ScheduledPart.Of(ScheduledPart.Auto, parts, set.GetValueOrDefault);
    }
}
