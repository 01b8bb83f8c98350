using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>Qwen3-MoE (Qwen team, "Qwen3 Technical Report", https://arxiv.org/abs/2505.09388).</summary>
internal sealed class Qwen3MoeLayout : MixtureLayout
{
    public override string Name => "Qwen3-MoE";

    public override IReadOnlyList<string> Words => ["qwen3", "qwen3 moe", "qwen3_moe"];

    public override IReadOnlyList<string> Sources => ["qwen3"];

    public override string? RefusalOf(MixtureRecipe recipe) => NoShared(recipe);

    public override string Expert(int layer, int expert, MlpMatrix matrix) =>
        $"model.layers.{layer}.mlp.experts.{expert}.{matrix.Word()}.weight";

    public override IEnumerable<string> Describe(JsonObject config, MixtureRecipe recipe)
    {
        Rename(config, "qwen3_moe", "Qwen3MoeForCausalLM");
        config["num_experts"] = recipe.Experts.Count;
        config["num_experts_per_tok"] = recipe.ExpertsPerToken;
        config["moe_intermediate_size"] = config["intermediate_size"]?.DeepClone();
        config["norm_topk_prob"] = true;
        config["decoder_sparse_step"] = 1;
        config["mlp_only_layers"] = new JsonArray();
        config["output_router_logits"] = false;
        string[] remarks = [.. WithoutWindow(config)];
        config["use_sliding_window"] = false;
        return remarks;
    }
}
