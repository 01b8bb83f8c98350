namespace DemEngine.Training.Reports;

/// <summary>Where a run stands, beside its vectors.</summary>
/// <param name="Step">The last step taken.</param>
/// <param name="Positions">That passed through the model in training so far.</param>
/// <param name="BestStep">The step with the least validation loss.</param>
/// <param name="BestLoss">That loss, in nats per token.</param>
/// <param name="Stale">Validations since then.</param>
public sealed record TrainingState(long Step, long Positions, long BestStep, double BestLoss, int Stale)
{
    /// <summary>Before anything was done: also before the validation at step 0.</summary>
    public static TrainingState Start { get; } = new(-1, 0, -1, double.PositiveInfinity, 0);
}
