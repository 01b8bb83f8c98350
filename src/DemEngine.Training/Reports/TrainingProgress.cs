namespace DemEngine.Training.Reports;

/// <summary>Progress of a run, for display.</summary>
/// <param name="Step">The step just taken.</param>
/// <param name="Steps">Maximum number of steps.</param>
/// <param name="State">State of the run after the step, with the best loss so far.</param>
/// <param name="TokensPerSecond">
/// Number of training tokens per second in this process; the time includes validation and saving.
/// </param>
/// <param name="Left">Estimated remaining time at that pace, unless the run stops early.</param>
public readonly record struct TrainingProgress(
    TrainingStep Step,
    long Steps,
    TrainingState State,
    double TokensPerSecond,
    TimeSpan Left);
