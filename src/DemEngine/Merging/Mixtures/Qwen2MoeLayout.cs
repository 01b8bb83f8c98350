using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// Qwen2-MoE (Qwen team, https://qwenlm.github.io/blog/qwen-moe): each token goes through a shared expert as well, whose output
/// is multiplied by the sigmoid of a gate of its own.
/// </summary>
internal sealed class Qwen2MoeLayout : MixtureLayout
{
    public override string Name => "Qwen2-MoE";

    public override IReadOnlyList<string> Words => ["qwen", "qwen moe", "qwen2", "qwen2_moe"];

    public override IReadOnlyList<string> Sources => ["llama", "mistral", "qwen2"];

    public override bool NeedsBiases => true;

    public override string? RefusalOf(MixtureRecipe recipe) => recipe.SharedExperts.Count != 1
        ? $"{Name} has exactly one shared expert, and the recipe has {recipe.SharedExperts.Count}"
        : recipe.GateMode.NeedsPrompts() && recipe.SharedExperts[0].PositivePrompts.Count == 0
            ? $"{Name}'s shared expert has a gate, and so needs positive_prompts"
            : null;

    public override string Expert(int layer, int expert, MlpMatrix matrix) =>
        $"model.layers.{layer}.mlp.experts.{expert}.{matrix.Word()}.weight";

    public override string Shared(int layer, MlpMatrix matrix) =>
        $"model.layers.{layer}.mlp.shared_expert.{matrix.Word()}.weight";

    public override string? SharedGate(int layer) => $"model.layers.{layer}.mlp.shared_expert_gate.weight";

    public override IEnumerable<string> Describe(JsonObject config, MixtureRecipe recipe)
    {
        Rename(config, "qwen2_moe", "Qwen2MoeForCausalLM");
        config["num_experts"] = recipe.Experts.Count;
        config["num_experts_per_tok"] = recipe.ExpertsPerToken;
        config["moe_intermediate_size"] = config["intermediate_size"]?.DeepClone();
        config["shared_expert_intermediate_size"] = config["intermediate_size"]?.DeepClone();
        config["norm_topk_prob"] = true;
        config["decoder_sparse_step"] = 1;
        config["mlp_only_layers"] = new JsonArray();
        config["qkv_bias"] = true;
        config["output_router_logits"] = false;
        string[] remarks = [.. WithoutWindow(config)];
        config["use_sliding_window"] = false;
        return remarks;
    }
}
