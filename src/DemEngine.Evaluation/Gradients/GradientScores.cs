using System.Collections.Immutable;

namespace DemEngine.Evaluation.Gradients;

/// <summary>The result of evaluating a model and differentiating its losses.</summary>
/// <param name="Scores">The scores, as an evaluation without derivatives gives them.</param>
/// <param name="Tensors">Names of the model's tensors, in the order of the derivatives.</param>
/// <param name="Sets">Derivatives of the loss on each set, in the evaluator's order of sets.</param>
public sealed record GradientScores(ModelScores Scores, ImmutableArray<string> Tensors, ImmutableArray<SetGradient> Sets);

/// <summary>Derivatives of the loss on one set, in nats per token and unit of the direction.</summary>
/// <param name="Set">Name of the set.</param>
/// <param name="ByDirection">
/// For each direction one derivative per tensor: what the tensor's part of the direction contributes. Their sum is the
/// derivative along the whole direction.
/// </param>
public sealed record SetGradient(string Set, ImmutableArray<ImmutableArray<double>> ByDirection);
