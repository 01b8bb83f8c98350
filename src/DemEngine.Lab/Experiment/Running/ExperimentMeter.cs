namespace DemEngine.Lab.Experiment.Running;

/// <summary>Progress of an experiment.</summary>
/// <param name="Stage">Name of the current stage.</param>
/// <param name="Detail">Progress within the stage, in words; may be empty.</param>
/// <param name="Share">
/// Completed share of all stages, 0 to 1. Stages count equally, although they take different times.
/// </param>
public readonly record struct ExperimentProgress(string Stage, string Detail, double Share);

/// <summary>Adds up the progress of the stages, several of which may run at once.</summary>
/// <param name="stages">Total number of stages.</param>
/// <param name="report">Progress callback; called at every change, by one thread at a time.</param>
internal sealed class ExperimentMeter(int stages, Action<ExperimentProgress>? report)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _open = [];
    private int _done;

    /// <summary>Reports the progress of a stage.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="share">Completed share of the stage, 0 to 1.</param>
    /// <param name="detail">Progress within the stage, in words.</param>
    public void Report(string stage, double share, string detail)
    {
        lock (_lock)
        {
            _open[stage] = share;
            Tell(stage, detail);
        }
    }

    /// <summary>Reports that a stage is complete.</summary>
    public void Complete(string stage)
    {
        lock (_lock)
        {
            _open.Remove(stage);
            _done++;
            Tell(stage, "done");
        }
    }

    private void Tell(string stage, string detail) =>
        report?.Invoke(new ExperimentProgress(stage, detail, Math.Min(1, (_done + _open.Values.Sum()) / stages)));
}
