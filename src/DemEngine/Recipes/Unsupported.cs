using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>
/// Keys that mergekit's tools know and this version does not support. Ignoring one would merge something other than what was
/// asked for.
/// </summary>
internal static class Unsupported
{
    private const string Experts = "this belongs to a recipe for a mixture of experts, which `dem moe` builds";
    private const string Option =
        "this is an option of mergekit's command line and no part of a recipe; see \"dem merge --help\" for this tool's";

    /// <summary>Unsupported keys at the top level of a recipe, with the reasons.</summary>
    public static readonly Dictionary<string, string> InRecipe = new()
    {
        ["experts"] = Experts,
        ["shared_experts"] = Experts,
        ["experts_per_token"] = Experts,
        ["gate_mode"] = Experts,
        ["architecture"] = "naming an architecture is not supported; it is that of the models",
        ["layer_slices"] = "mergekit's old layer_slices are not supported; write them as slices",
        ["embedding_source"] = "naming the source of the embeddings is not supported; they come from the first slice's sources",
        ["lm_head_source"] = "naming the source of the output matrix is not supported; it comes from the last slice's sources",
        ["input_model_parameters"] =
            "mergekit's old input_model_parameters are not supported; write them under each model's \"parameters\"",
        ["residual_weight"] = "residual_weight is not supported",
        ["genome"] = "recipes for mergekit-evolve are not supported; see \"dem search\"",
        ["tasks"] = "recipes for mergekit-evolve are not supported; see \"dem search\"",
        ["allow_crimes"] = Option,
        ["random_seed"] = Option,
        ["cuda"] = Option,
        ["device"] = Option,
        ["low_cpu_memory"] = Option,
        ["out_shard_size"] = Option,
        ["copy_tokenizer"] = Option,
        ["clone_tensors"] = Option,
        ["trust_remote_code"] = Option,
        ["lazy_unpickle"] = Option,
        ["write_model_card"] = Option,
        ["safe_serialization"] = Option,
        ["transformers_cache"] = Option,
        ["lora_merge_cache"] = Option,
        ["lora_merge_dtype"] = Option,
        ["read_to_gpu"] = Option,
        ["multi_gpu"] = Option,
        ["num_threads"] = Option,
        ["gpu_rich"] = Option,
        ["async_write"] = Option,
        ["write_threads"] = Option,
    };

    /// <summary>Unsupported keys in a model of <c>models</c>, with the reasons.</summary>
    public static readonly Dictionary<string, string> InModel = new()
    {
        ["path"] = "a path goes under \"model\"; write \"model: PATH\"",
        ["revision"] = "revisions are not supported: models are read from disk, so name the folder that has this one",
        ["override_architecture"] = "naming an architecture is not supported; it is that of the models",
        ["layer_range"] = "a model of \"models\" is taken whole; a range of its layers goes under \"slices\"",
        ["sources"] = "sources go under \"slices\", not under \"models\"",
    };

    /// <summary>Unsupported keys in a source of a slice, with the reasons.</summary>
    public static readonly Dictionary<string, string> InSliceSource = new()
    {
        ["path"] = InModel["path"],
        ["revision"] = InModel["revision"],
        ["override_architecture"] = InModel["override_architecture"],
    };

    /// <summary>Unsupported keys in the mapping that a model can be given as, with the reasons.</summary>
    public static readonly Dictionary<string, string> InReference = new()
    {
        ["revision"] = InModel["revision"],
        ["override_architecture"] = InModel["override_architecture"],
    };

    /// <summary>Unsupported keys in a slice, with the reasons.</summary>
    public static readonly Dictionary<string, string> InSlice = new()
    {
        ["residual_weight"] = "residual_weight is not supported: mergekit accepts it and does nothing with it",
        ["model"] = "a slice has \"sources\", each with \"model\" and \"layer_range\"",
        ["layer_range"] = "a slice has \"sources\", each with \"model\" and \"layer_range\"",
    };

    /// <summary>Unsupported keys in a module, with the reasons.</summary>
    public static readonly Dictionary<string, string> InModule = new()
    {
        ["merge_method"] = "a method for one module is not supported; the recipe has one",
        ["base_model"] = "a base for one module is not supported; the recipe has one, and each slice may",
    };

    /// <summary>Creates the error for a key that is not accepted.</summary>
    /// <param name="key">The key.</param>
    /// <param name="at">Location of the key in the recipe.</param>
    /// <param name="unsupported">
    /// Keys that mergekit knows at this point but this version does not support, with the reasons.
    /// </param>
    /// <param name="known">Keys that are accepted at this point.</param>
    public static DemException Refuse(
        string key,
        SourceLocation at,
        Dictionary<string, string> unsupported,
        IEnumerable<string> known) =>
        unsupported.TryGetValue(key, out string? reason)
            ? at.Error(ErrorCode.UnsupportedFeature, reason)
            : at.Error(ErrorCode.UnknownKey, "unknown key" + Expect.Known(key, known));
}
