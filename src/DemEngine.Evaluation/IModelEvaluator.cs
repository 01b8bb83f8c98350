using System.Collections.Immutable;

namespace DemEngine.Evaluation;

/// <summary>
/// Judges models. An evaluator is made for certain data sets and metrics, prepares them once, and is then asked of one model after
/// another; a search asks hundreds of times. Not for several threads at once.
/// </summary>
public interface IModelEvaluator : IDisposable
{
    /// <summary>What computes, in a few words.</summary>
    string Description { get; }

    /// <summary>What is measured: set by set, metric by metric. Empty if that is known only once a model was evaluated, as with a command.</summary>
    ImmutableArray<(string Set, Metric Metric)> Measures { get; }

    /// <summary>Evaluates a model on all sets by all metrics.</summary>
    /// <param name="model">Its weights, in use only until this returns.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The scores. The same weights give the same scores, and threads do not show.</returns>
    /// <exception cref="DemException">
    /// DEM2101 to DEM2103: the model is not one that this evaluator computes. DEM4101, DEM4102: a command failed.
    /// </exception>
    ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default);
}
