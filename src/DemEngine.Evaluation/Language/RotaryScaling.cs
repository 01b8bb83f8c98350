using System.Text.Json.Nodes;

namespace DemEngine.Evaluation.Language;

/// <summary>How a model's rotary frequencies were changed so as to reach further than it was first trained for.</summary>
public abstract record RotaryScaling
{
    /// <summary>Changes a frequency, in radians for each position.</summary>
    public abstract double Of(double frequency);

    /// <summary>Writes <c>rope_scaling</c>.</summary>
    internal abstract JsonObject ToJson();
}

/// <summary>
/// All frequencies divided by a factor (Chen et al., "Extending Context Window of Large Language Models via Positional
/// Interpolation", https://arxiv.org/abs/2306.15595).
/// </summary>
/// <param name="Factor">What frequencies are divided by.</param>
public sealed record LinearScaling(double Factor) : RotaryScaling
{
    /// <inheritdoc/>
    public override double Of(double frequency) => frequency / Factor;

    internal override JsonObject ToJson() => new() { ["rope_type"] = "linear", ["factor"] = Factor };
}

/// <summary>
/// Llama 3.1's frequencies: long waves are divided by a factor, short ones stay, and those between are mixed of both in
/// proportion to how often they fit the original length (Grattafiori et al., "The Llama 3 Herd of Models",
/// https://arxiv.org/abs/2407.21783, and transformers' <c>rope_type: llama3</c>).
/// </summary>
/// <param name="Factor">What long waves are divided by.</param>
/// <param name="LowFactor">A wave that fits the original length less often than this is long.</param>
/// <param name="HighFactor">A wave that fits it more often than this is short.</param>
/// <param name="OriginalPositions">The original length in tokens.</param>
public sealed record Llama3Scaling(double Factor, double LowFactor, double HighFactor, double OriginalPositions) : RotaryScaling
{
    /// <inheritdoc/>
    public override double Of(double frequency)
    {
        double fits = OriginalPositions * frequency / (2 * Math.PI);
        double share = Math.Clamp((fits - LowFactor) / (HighFactor - LowFactor), 0, 1);
        return ((1 - share) * frequency / Factor) + (share * frequency);
    }

    internal override JsonObject ToJson() => new()
    {
        ["rope_type"] = "llama3",
        ["factor"] = Factor,
        ["low_freq_factor"] = LowFactor,
        ["high_freq_factor"] = HighFactor,
        ["original_max_position_embeddings"] = OriginalPositions,
    };
}
