namespace DemEngine.Lab.Experiment.Running;

/// <summary>Where an experiment stands.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Detail">Where that stands; may be empty.</param>
/// <param name="Share">How much of all stages is done, 0 to 1; they take different times.</param>
public readonly record struct ExperimentProgress(string Stage, string Detail, double Share);

/// <summary>Adds up stages, of which several may go on at once.</summary>
/// <param name="stages">How many there will be.</param>
/// <param name="report">Told each time, by one thread at a time.</param>
internal sealed class ExperimentMeter(int stages, Action<ExperimentProgress>? report)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _open = [];
    private int _done;

    /// <summary>Says where a stage stands.</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="share">How much of it is done, 0 to 1.</param>
    /// <param name="detail">In words.</param>
    public void Report(string stage, double share, string detail)
    {
        lock (_lock)
        {
            _open[stage] = share;
            Tell(stage, detail);
        }
    }

    /// <summary>Says that a stage is complete.</summary>
    public void Complete(string stage)
    {
        lock (_lock)
        {
            _open.Remove(stage);
            _done++;
            Tell(stage, "done");
        }
    }

    private void Tell(string stage, string detail) => report?.Invoke(new ExperimentProgress(stage, detail, Math.Min(1, (_done + _open.Values.Sum()) / stages)));
}
