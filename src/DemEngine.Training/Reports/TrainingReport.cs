namespace DemEngine.Training.Reports;

/// <summary>Result and cost of a finished run.</summary>
/// <param name="Steps">Number of steps taken.</param>
/// <param name="StoppedEarly">True if the run stopped because validation no longer improved.</param>
/// <param name="BestStep">Step whose weights were kept; 0 for the initial weights.</param>
/// <param name="BestLoss">Validation loss of the kept weights, in nats per token.</param>
/// <param name="Positions">
/// Number of positions that passed through the model in training, without padding and validation: the tokens that training took.
/// </param>
/// <param name="Seconds">Time that this process worked on the run, including validation, in seconds.</param>
public sealed record TrainingReport(
    long Steps,
    bool StoppedEarly,
    long BestStep,
    double BestLoss,
    long Positions,
    double Seconds);
