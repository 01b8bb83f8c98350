namespace DemEngine.Lab.Experiment.Running;

/// <summary>Trains the models of an experiment.</summary>
public interface IFineTuner
{
    /// <summary>What computes, in a few words.</summary>
    string Description { get; }

    /// <summary>
    /// Trains a model into a folder and keeps the weights with the least validation loss. Interrupted, and asked again, it goes on; a model
    /// that is there already is made anew. Several threads ask at once, each for another output.
    /// </summary>
    /// <param name="request">What is trained.</param>
    /// <param name="progress">Told now and then where it stands: the share that is done, and in words.</param>
    /// <param name="cancel">Stops it.</param>
    TuningReport Tune(TuningRequest request, Action<double, string>? progress, CancellationToken cancel);
}

/// <summary>What is trained.</summary>
/// <param name="Start">The folder of the model to start from; null for random weights.</param>
/// <param name="Config">The <c>config.json</c> of a model that starts from random weights.</param>
/// <param name="Data">The file to learn from.</param>
/// <param name="Validation">The file to choose the best weights by.</param>
/// <param name="Output">The folder to be made.</param>
/// <param name="Settings">How.</param>
/// <param name="Seed">Of the order of examples, and of random weights.</param>
public sealed record TuningRequest(
    string? Start, string Config, string Data, string Validation, string Output, TuningSettings Settings, long Seed);

/// <summary>How a model is trained.</summary>
/// <param name="Steps">Most steps of the optimiser.</param>
/// <param name="BatchSize">Examples a step.</param>
/// <param name="LearningRate">The largest.</param>
/// <param name="EvaluateEvery">Steps between validations; there is one before the first step and one after the last.</param>
/// <param name="Patience">It stops after so many validations in a row that are not the best.</param>
public sealed record TuningSettings(long Steps, int BatchSize, double LearningRate, long EvaluateEvery, int Patience);

/// <summary>What training took.</summary>
/// <param name="Steps">Taken.</param>
/// <param name="TrainedTokens">That passed through the model, forward and backward.</param>
/// <param name="BestLoss">The least validation loss, in nats per token.</param>
/// <param name="Seconds">Validation included.</param>
public sealed record TuningReport(long Steps, long TrainedTokens, double BestLoss, double Seconds);
