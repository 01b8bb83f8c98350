namespace DemEngine.Training.Reports;

/// <summary>State of a run, apart from its vectors.</summary>
/// <param name="Step">Number of the last step taken.</param>
/// <param name="Positions">Number of positions that passed through the model in training so far.</param>
/// <param name="BestStep">Step with the minimum validation loss.</param>
/// <param name="BestLoss">Minimum validation loss, in nats per token.</param>
/// <param name="Stale">Number of validations since the best step.</param>
public sealed record TrainingState(long Step, long Positions, long BestStep, double BestLoss, int Stale)
{
    /// <summary>State before anything was done, also before the validation at step 0.</summary>
    public static TrainingState Start { get; } = new(-1, 0, -1, double.PositiveInfinity, 0);
}
