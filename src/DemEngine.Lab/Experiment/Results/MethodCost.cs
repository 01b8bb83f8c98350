namespace DemEngine.Lab.Experiment.Results;

/// <summary>Cost of a method, beyond what all methods share.</summary>
/// <param name="TrainingTokens">Number of tokens that training processed, forward and backward.</param>
/// <param name="EvaluationTokens">
/// Number of tokens that validation processed, to stop training and to choose coefficients or proportions.
/// </param>
/// <param name="Seconds">Duration of training and validation on the machine of the experiment, in seconds.</param>
public readonly record struct MethodCost(long TrainingTokens, long EvaluationTokens, double Seconds)
{
    /// <summary>Adds the costs of two parts.</summary>
    public static MethodCost operator +(MethodCost left, MethodCost right) => new(
        left.TrainingTokens + right.TrainingTokens, left.EvaluationTokens + right.EvaluationTokens, left.Seconds + right.Seconds);

    /// <summary>
    /// Number of floating-point operations: 6 per weight and trained token and 2 per weight and evaluated token (Kaplan et al.,
    /// "Scaling Laws for Neural Language Models", https://arxiv.org/abs/2001.08361, section 2.1).
    /// </summary>
    /// <param name="parameters">Number of weights of the model.</param>
    public double Flops(long parameters) => ((6.0 * TrainingTokens) + (2.0 * EvaluationTokens)) * parameters;
}
