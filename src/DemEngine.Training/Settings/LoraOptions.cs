using System.Collections.Immutable;

namespace DemEngine.Training.Settings;

/// <summary>
/// Options of low-rank adaptation (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models",
/// https://arxiv.org/abs/2106.09685, section 4.1): a matrix W is trained as W + α/r·B·A with B [outputs, r] and A [r, inputs].
/// </summary>
public sealed record LoraOptions
{
    /// <summary>Names of all matrices that can be adapted, as they end in Hugging Face's names.</summary>
    public static ImmutableArray<string> AllTargets { get; } =
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>Rank r.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Factor α; the product of the factors is multiplied by α/r.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Names of the matrices that are adapted.</summary>
    public ImmutableArray<string> Targets { get; init; } = AllTargets;

    /// <summary>Factor on the product B·A.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>Checks that all options are in their ranges.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): an option is out of range, or a matrix is unknown.</exception>
    public void Check()
    {
        if (Rank < 1 || !(Alpha > 0) || !double.IsFinite(Alpha))
            throw new DemException(ErrorCode.BadArgument, "the rank of an adapter is at least 1, and its alpha is positive");
        string[] unknown = [.. Targets.Except(AllTargets)];
        if (unknown.Length > 0 || Targets.IsEmpty)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"an adapter is of {string.Join(", ", AllTargets)}"
                + (unknown.Length > 0 ? $", and not of {string.Join(", ", unknown)}" : ""));
        }
    }
}
