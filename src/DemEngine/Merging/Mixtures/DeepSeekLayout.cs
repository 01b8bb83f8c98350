using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// The first DeepSeek-MoE (Dai et al., "DeepSeekMoE", https://arxiv.org/abs/2401.06066), whose attention is Llama's. Its code is
/// in its repository on the Hugging Face Hub and not in transformers; a shared expert has no gate.
/// </summary>
internal sealed class DeepSeekLayout : MixtureLayout
{
    private const string Code = "deepseek-ai/deepseek-moe-16b-base--";

    public override string Name => "DeepSeek-MoE";

    public override IReadOnlyList<string> Words => ["deepseek", "deepseek moe", "deepseek_moe"];

    public override IReadOnlyList<string> Sources => ["llama", "mistral"];

    public override string? RefusalOf(MixtureRecipe recipe) => recipe.SharedExperts.Count > 1
        ? $"{Name} takes one shared expert at most, and the recipe has {recipe.SharedExperts.Count}"
        : recipe.SharedExperts.Any(expert => expert.PositivePrompts.Count + expert.NegativePrompts.Count > 0)
            ? $"{Name}'s shared expert has no gate, and so takes no prompts"
            : null;

    public override string Expert(int layer, int expert, MlpMatrix matrix) =>
        $"model.layers.{layer}.mlp.experts.{expert}.{matrix.Word()}.weight";

    public override string Shared(int layer, MlpMatrix matrix) =>
        $"model.layers.{layer}.mlp.shared_experts.{matrix.Word()}.weight";

    public override IEnumerable<string> Describe(JsonObject config, MixtureRecipe recipe)
    {
        Rename(config, "deepseek", "DeepseekForCausalLM");
        config["n_routed_experts"] = recipe.Experts.Count;
        config["n_shared_experts"] = recipe.SharedExperts.Count == 0 ? null : recipe.SharedExperts.Count;
        config["num_experts_per_tok"] = recipe.ExpertsPerToken;
        config["moe_intermediate_size"] = config["intermediate_size"]?.DeepClone();
        config["first_k_dense_replace"] = 0;
        config["moe_layer_freq"] = 1;
        config["scoring_func"] = "softmax";
        config["norm_topk_prob"] = true;
        config["auto_map"] = new JsonObject
        {
            ["AutoConfig"] = Code + "configuration_deepseek.DeepseekConfig",
            ["AutoModel"] = Code + "modeling_deepseek.DeepseekModel",
            ["AutoModelForCausalLM"] = Code + "modeling_deepseek.DeepseekForCausalLM",
        };

        // That code is older than rope_parameters.
        if (config["rope_parameters"] is JsonObject rope)
            config["rope_theta"] = rope["rope_theta"]?.DeepClone();
        return
        [
            .. WithoutWindow(config),
            $"{Name}'s code is in its repository on the Hub: transformers loads the output with trust_remote_code=True only",
        ];
    }
}
