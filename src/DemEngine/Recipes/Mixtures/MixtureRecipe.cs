using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes.Mixtures;

/// <summary>
/// A recipe for a mixture of experts that is built from dense models: which model gives everything but the MLPs, which ones give
/// the experts, and how the routers are made. The schema is mergekit-moe's, with <c>seed</c> beside it. Two recipes that say the
/// same are equal.
/// </summary>
public sealed record MixtureRecipe
{
    /// <summary>Default of <see cref="ExpertsPerToken"/>.</summary>
    public const int DefaultExpertsPerToken = 2;

    /// <summary>The recipe's name as messages show it, and the location reported for keys that it lacks.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;

    /// <summary><c>base_model</c>: the model that everything but the MLPs is taken from.</summary>
    public required ModelPath BaseModel { get; init; }

    /// <summary><c>experts</c>: the experts that the routers choose among, in the order of their numbers.</summary>
    public required ValueList<MixtureExpert> Experts { get; init; }

    /// <summary><c>shared_experts</c>: experts that every token goes through; at most one is known to any architecture.</summary>
    public ValueList<MixtureExpert> SharedExperts { get; init; } = [];

    /// <summary><c>gate_mode</c>: how the routers are made.</summary>
    public GateMode GateMode { get; init; } = GateMode.Hidden;

    /// <summary><c>dtype</c>: element type of the output; null for that of each tensor's model.</summary>
    public RecipeText? DType { get; init; }

    /// <summary><c>experts_per_token</c>: number of experts that each token goes through.</summary>
    public int ExpertsPerToken { get; init; } = DefaultExpertsPerToken;

    /// <summary><c>architecture</c>: architecture of the output; null for the one that fits the models.</summary>
    public RecipeText? Architecture { get; init; }

    /// <summary><c>seed</c>: which random numbers are drawn.</summary>
    public long Seed { get; init; }

    /// <summary>All experts: those that are chosen among, then the shared ones.</summary>
    internal IEnumerable<MixtureExpert> AllExperts => Experts.Concat(SharedExperts);

    /// <summary>
    /// Writes the recipe as YAML that reads back as an equal recipe, except for <see cref="ModelPath.Resolved"/>.
    /// </summary>
    /// <returns>The YAML text; every line ends with a line feed.</returns>
    public string ToYaml() => MixtureWriter.Write(this);
}
