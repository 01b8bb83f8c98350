namespace DemEngine.Training.Settings;

/// <summary>
/// Schedule of the learning rate: a linear rise to the peak (Goyal et al., "Accurate, Large Minibatch SGD",
/// https://arxiv.org/abs/1706.02677, section 2.2), then half a period of the cosine down to the end (Loshchilov and Hutter,
/// "SGDR", https://arxiv.org/abs/1608.03983, section 3).
/// </summary>
/// <param name="Peak">Maximum rate.</param>
/// <param name="End">Rate that the cosine approaches.</param>
/// <param name="WarmupSteps">Number of steps of the rise; the last of them has the peak rate.</param>
/// <param name="Steps">Total number of steps.</param>
public sealed record LearningRate(double Peak, double End, long WarmupSteps, long Steps)
{
    /// <summary>Learning rate of a step, counted from 1.</summary>
    public double At(long step)
    {
        if (step <= WarmupSteps)
            return Peak * step / WarmupSteps;
        double part = (double)(step - WarmupSteps) / Math.Max(1, Steps - WarmupSteps);
        return End + ((Peak - End) * (1 + Math.Cos(Math.PI * Math.Min(part, 1))) / 2);
    }
}
