using System.Collections.Immutable;

namespace DemEngine.Evaluation;

/// <summary>
/// Evaluates models. An evaluator is made for certain data sets and metrics and prepares them once. It then evaluates one model
/// after another, hundreds of them in a search. Not thread-safe.
/// </summary>
public interface IModelEvaluator : IDisposable
{
    /// <summary>Short description of the evaluator, for reports.</summary>
    string Description { get; }

    /// <summary>
    /// Pairs of set and metric that are computed, set by set; empty if they are known only once a model was evaluated, as with a
    /// command.
    /// </summary>
    ImmutableArray<(string Set, Metric Metric)> Measures { get; }

    /// <summary>Evaluates a model on all sets by all metrics.</summary>
    /// <param name="model">Model to evaluate; its weights are used only until this returns.</param>
    /// <param name="cancel">Token that stops the evaluation.</param>
    /// <returns>The scores. The same weights give the same scores, whatever the number of threads.</returns>
    /// <exception cref="DemException">
    /// DEM2101 to DEM2103 (UnknownArchitecture, BadConfig, WrongTensors): this evaluator cannot compute the model. DEM4101,
    /// DEM4102 (CommandFailed, CommandGaveNoNumber): a command failed or printed no usable number.
    /// </exception>
    ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default);
}
