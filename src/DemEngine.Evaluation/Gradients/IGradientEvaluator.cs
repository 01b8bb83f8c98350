namespace DemEngine.Evaluation.Gradients;

/// <summary>
/// An evaluator that also differentiates the loss on each set along given directions: one backward pass gives ∇L(Θ), and the
/// derivative along ΔΘᵢ is the dot product ⟨∇L(Θ), ΔΘᵢ⟩. Its cost hardly depends on the number of directions.
/// </summary>
public interface IGradientEvaluator : IModelEvaluator
{
    /// <summary>Evaluates a model on all sets by all metrics, and differentiates the loss on each set.</summary>
    /// <param name="model">Model to evaluate; its weights are used only until this returns.</param>
    /// <param name="directions">Directions to differentiate along; at least one. They may be read by several threads.</param>
    /// <param name="cancel">Token that stops the evaluation.</param>
    /// <returns>The scores and the derivatives. They do not depend on the number of threads.</returns>
    /// <exception cref="DemException">Those of <see cref="IModelEvaluator.Evaluate"/>.</exception>
    GradientScores Differentiate(IModelWeights model, IWeightDirections directions, CancellationToken cancel = default);
}
