namespace DemEngine.Experiment.Running;

/// <summary>Where an experiment stands.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Detail">Where that stands; may be empty.</param>
/// <param name="Share">How much of all stages is begun, 0 to 1; they take different times.</param>
public readonly record struct ExperimentProgress(string Stage, string Detail, double Share);

/// <summary>Counts stages.</summary>
/// <param name="stages">How many there will be.</param>
/// <param name="report">Told each time.</param>
internal sealed class StageProgress(int stages, Action<ExperimentProgress>? report)
{
    private int _begun;
    private string _stage = "";

    /// <summary>Begins the next stage.</summary>
    public void Begin(string stage)
    {
        _stage = stage;
        _begun++;
        Within(0, "");
    }

    /// <summary>Says where the stage stands.</summary>
    /// <param name="share">How much of it is done, 0 to 1.</param>
    /// <param name="detail">In words.</param>
    public void Within(double share, string detail) => report?.Invoke(new ExperimentProgress(_stage, detail, Math.Min(1, (_begun - 1 + share) / stages)));
}
