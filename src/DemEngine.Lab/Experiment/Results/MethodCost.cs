namespace DemEngine.Lab.Experiment.Results;

/// <summary>What a method takes, beyond what all methods share.</summary>
/// <param name="TrainingTokens">Tokens that training ran over, forward and backward.</param>
/// <param name="EvaluationTokens">Tokens that validation ran over, to stop training and to choose coefficients or proportions.</param>
/// <param name="Seconds">Time of both, on the machine of the experiment.</param>
public readonly record struct MethodCost(long TrainingTokens, long EvaluationTokens, double Seconds)
{
    /// <summary>Of several parts together.</summary>
    public static MethodCost operator +(MethodCost left, MethodCost right) => new(
        left.TrainingTokens + right.TrainingTokens, left.EvaluationTokens + right.EvaluationTokens, left.Seconds + right.Seconds);

    /// <summary>
    /// Floating-point operations, at 6 a weight and trained token and 2 a weight and evaluated token (Kaplan et al., "Scaling Laws for Neural
    /// Language Models", https://arxiv.org/abs/2001.08361, section 2.1).
    /// </summary>
    /// <param name="parameters">Weights of the model.</param>
    public double Flops(long parameters) => ((6.0 * TrainingTokens) + (2.0 * EvaluationTokens)) * parameters;
}
