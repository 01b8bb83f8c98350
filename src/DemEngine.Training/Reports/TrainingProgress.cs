namespace DemEngine.Training.Reports;

/// <summary>Where a run stands, for people.</summary>
/// <param name="Step">The step just taken.</param>
/// <param name="Steps">Of how many at most.</param>
/// <param name="State">What is best so far, and so on.</param>
/// <param name="TokensPerSecond">Tokens that training took a second, in this process, validation and saving included.</param>
/// <param name="Left">How long the rest will take at that pace, if it does not stop early.</param>
public readonly record struct TrainingProgress(TrainingStep Step, long Steps, TrainingState State, double TokensPerSecond, TimeSpan Left);
