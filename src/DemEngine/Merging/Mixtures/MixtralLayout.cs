using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>Mixtral (Jiang et al., "Mixtral of Experts", https://arxiv.org/abs/2401.04088).</summary>
internal sealed class MixtralLayout : MixtureLayout
{
    public override string Name => "Mixtral";

    public override IReadOnlyList<string> Words => ["mixtral"];

    public override IReadOnlyList<string> Sources => ["llama", "mistral"];

    public override string? RefusalOf(MixtureRecipe recipe) => NoShared(recipe);

    public override string Expert(int layer, int expert, MlpMatrix matrix)
    {
        string word = matrix switch { MlpMatrix.Gate => "w1", MlpMatrix.Down => "w2", _ => "w3" };
        return $"model.layers.{layer}.block_sparse_moe.experts.{expert}.{word}.weight";
    }

    public override string Router(int layer) => $"model.layers.{layer}.block_sparse_moe.gate.weight";

    // Mixtral normalises the weights of the experts that are chosen in any case, and has Mistral's window.
    public override IEnumerable<string> Describe(JsonObject config, MixtureRecipe recipe)
    {
        Rename(config, "mixtral", "MixtralForCausalLM");
        config["num_local_experts"] = recipe.Experts.Count;
        config["num_experts_per_tok"] = recipe.ExpertsPerToken;
        config["output_router_logits"] = false;
        if (!config.ContainsKey("sliding_window"))
            config["sliding_window"] = null;
        return [];
    }
}
