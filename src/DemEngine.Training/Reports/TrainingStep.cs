namespace DemEngine.Training.Reports;

/// <summary>What a step did. Step 0 is the validation before the first.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Loss">Mean over the batch's target tokens before the step, in nats per token; null at step 0.</param>
/// <param name="LearningRate">Of the step.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Positions">That passed through the model, filled-up ones not counted.</param>
/// <param name="Targets">Tokens that were predicted.</param>
/// <param name="Validation">Mean over the validation set's target tokens after the step, in nats per token; null where it was not due.</param>
/// <param name="IsBest">Whether that is the least so far.</param>
public sealed record TrainingStep(
    long Number, double? Loss, double LearningRate, double GradientNorm, long Positions, long Targets, double? Validation, bool IsBest);
