using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Trains the models of an experiment.</summary>
public interface IFineTuner
{
    /// <summary>Description of the library and the device that train, in a few words.</summary>
    string Description { get; }

    /// <summary>
    /// Trains a model into a folder and keeps the weights with the minimum validation loss. An interrupted training is continued
    /// by the next call; a model that is already complete is trained anew. Several threads call this at once, each with another
    /// output.
    /// </summary>
    /// <param name="request">Model to train.</param>
    /// <param name="progress">Progress callback; receives the completed share, 0 to 1, and a description.</param>
    /// <param name="cancel">Token that stops the training.</param>
    TuningReport Tune(TuningRequest request, Action<double, string>? progress, CancellationToken cancel);

    /// <summary>
    /// Creates what judges the models: the embedded evaluator, unless a trainer has one for more architectures.
    /// </summary>
    /// <param name="model">Configuration of the models.</param>
    /// <param name="sets">Data sets with their metrics.</param>
    /// <param name="threads">Number of threads.</param>
    IModelEvaluator CreateEvaluator(LlamaConfig model, ImmutableArray<MeasuredSet> sets, int threads) =>
        new EmbeddedEvaluator(sets, threads);
}

/// <summary>A request to train a model.</summary>
/// <param name="Start">Folder of the model to start from; null for random weights.</param>
/// <param name="Config">Path of the <c>config.json</c> of a model that starts from random weights.</param>
/// <param name="Data">Path of the training data.</param>
/// <param name="Validation">Path of the validation data, by which the best weights are chosen.</param>
/// <param name="Output">Path of the folder to create.</param>
/// <param name="Settings">Training settings.</param>
/// <param name="Seed">Seed of the order of examples, and of random weights.</param>
public sealed record TuningRequest(
    string? Start, string Config, string Data, string Validation, string Output, TuningSettings Settings, long Seed);

/// <summary>Settings of a training.</summary>
/// <param name="Steps">Maximum number of optimiser steps.</param>
/// <param name="BatchSize">Number of examples per step.</param>
/// <param name="LearningRate">Maximum learning rate.</param>
/// <param name="EvaluateEvery">
/// Number of steps between validations. There is also one before the first step and one after the last.
/// </param>
/// <param name="Patience">Number of successive validations without a new best after which training stops; 0 for never.</param>
public sealed record TuningSettings(
    long Steps,
    int BatchSize,
    double LearningRate,
    long EvaluateEvery,
    int Patience);

/// <summary>Result and cost of a training.</summary>
/// <param name="Steps">Number of steps taken.</param>
/// <param name="TrainedTokens">Number of tokens that passed through the model, forward and backward.</param>
/// <param name="BestLoss">Minimum validation loss, in nats per token.</param>
/// <param name="Seconds">Duration including validation, in seconds.</param>
public sealed record TuningReport(long Steps, long TrainedTokens, double BestLoss, double Seconds);
