using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes.Mixtures;

/// <summary>A model whose MLPs become one expert in each layer of a mixture.</summary>
/// <param name="Source">The model, a <c>source_model</c>.</param>
public sealed record MixtureExpert(ModelPath Source)
{
    /// <summary>Location in the recipe.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;

    /// <summary><c>positive_prompts</c>: texts that the router should send to this expert.</summary>
    public ValueList<string> PositivePrompts { get; init; } = [];

    /// <summary><c>negative_prompts</c>: texts that the router should not send to this expert.</summary>
    public ValueList<string> NegativePrompts { get; init; } = [];

    /// <summary>
    /// <c>residual_scale</c>: factor of the expert's last matrix (<c>down_proj</c>), and so of what it adds to the hidden state.
    /// </summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>
    /// <c>noise_scale</c>: standard deviation of normal noise that is added to all of the expert's matrices, before
    /// <see cref="ResidualScale"/> is applied; 0 for none.
    /// </summary>
    public float NoiseScale { get; init; }
}
