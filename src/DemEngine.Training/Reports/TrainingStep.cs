namespace DemEngine.Training.Reports;

/// <summary>Results of a step. Step 0 is the validation before the first step.</summary>
/// <param name="Number">Number of the step, counted from 1.</param>
/// <param name="Loss">
/// Mean loss over the batch's target tokens before the step, in nats per token; null at step 0.
/// </param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="Positions">Number of positions that passed through the model, without padding.</param>
/// <param name="Targets">Number of tokens that were predicted.</param>
/// <param name="Validation">
/// Mean loss over the validation set's target tokens after the step, in nats per token; null where validation was not due.
/// </param>
/// <param name="IsBest">True if the validation loss is the minimum so far.</param>
public sealed record TrainingStep(
    long Number,
    double? Loss,
    double LearningRate,
    double GradientNorm,
    long Positions,
    long Targets,
    double? Validation,
    bool IsBest);
