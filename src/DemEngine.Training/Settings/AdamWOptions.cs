namespace DemEngine.Training.Settings;

/// <summary>The constants of AdamW.</summary>
/// <param name="Beta1">β₁, of the mean of gradients.</param>
/// <param name="Beta2">β₂, of the mean of their squares.</param>
/// <param name="Epsilon">ε.</param>
/// <param name="WeightDecay">λ.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1);
