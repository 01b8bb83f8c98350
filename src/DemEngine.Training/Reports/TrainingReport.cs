namespace DemEngine.Training.Reports;

/// <summary>What a finished run did.</summary>
/// <param name="Steps">Taken.</param>
/// <param name="StoppedEarly">Whether validation no longer improved.</param>
/// <param name="BestStep">The step whose weights were kept; 0 for those it started from.</param>
/// <param name="BestLoss">Their validation loss, in nats per token.</param>
/// <param name="Positions">That passed through the model in training, filled-up ones and validation not counted: the tokens that training took.</param>
/// <param name="Seconds">How long this process worked on it, validation included.</param>
public sealed record TrainingReport(long Steps, bool StoppedEarly, long BestStep, double BestLoss, long Positions, double Seconds);
