namespace DemEngine.Training.Settings;

/// <summary>Hyperparameters of AdamW.</summary>
/// <param name="Beta1">Decay rate β₁ of the mean of gradients.</param>
/// <param name="Beta2">Decay rate β₂ of the mean of squared gradients.</param>
/// <param name="Epsilon">Constant ε added to the denominator.</param>
/// <param name="WeightDecay">Weight decay λ.</param>
public sealed record AdamWOptions(
    double Beta1 = 0.9,
    double Beta2 = 0.95,
    double Epsilon = 1e-8,
    double WeightDecay = 0.1);
