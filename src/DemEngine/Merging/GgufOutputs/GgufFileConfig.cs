using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.GgufModels;
using DemEngine.Errors;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// What a GGUF file says of a model's architecture, taken from its <c>config.json</c> as llama.cpp's converter does
/// (<c>convert_hf_to_gguf.py</c>).
/// </summary>
internal sealed class GgufFileConfig
{
    // The bounds of yarn's ramp in the paper (https://arxiv.org/abs/2309.00071).
    private const double FastTurns = 32;
    private const double SlowTurns = 1;

    private readonly JsonObject _config;
    private readonly JsonObject _rope;
    private readonly string _owner;

    /// <summary>Reads a configuration.</summary>
    /// <param name="files">Small files of the model, by name.</param>
    /// <param name="owner">Name of the output, for messages.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the configuration is not a JSON object. DEM2059 (NotForGguf): it is missing, or of an architecture
    /// that is not written.
    /// </exception>
    public GgufFileConfig(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        _owner = owner;
        _config = ModelConfig.Of(files, owner)?.Root ?? throw new DemException(
            ErrorCode.NotForGguf,
            $"{owner}: the model has no config.json, which the file's metadata are taken from",
            remedy: "Put the config.json that belongs to the model into its folder.")
        {
            Path = owner,
        };
        string type = Text(_config, "model_type") ?? "";
        string like = type is "mistral" or "mixtral" ? "llama" : type;
        Architecture = GgufArchitecture.All.FirstOrDefault(one => one.ModelType == like) ?? throw Wrong(
            $"models of type {Quoted.Name(type)} are not written as GGUF; written are mistral, mixtral, "
            + string.Join(", ", GgufArchitecture.All.Select(one => one.ModelType)));
        JsonObject? rope = _config["rope_parameters"] as JsonObject;
        _rope = rope?["full_attention"] as JsonObject ?? rope ?? _config["rope_scaling"] as JsonObject ?? [];
        Heads = Required("num_attention_heads");
        KeyHeads = Number("num_key_value_heads") ?? Heads;
        HeadSize = Number("head_dim") ?? Required("hidden_size") / Heads;
    }

    /// <summary>The architecture.</summary>
    public GgufArchitecture Architecture { get; }

    /// <summary>Number of heads of queries.</summary>
    public uint Heads { get; }

    /// <summary>Number of heads of keys.</summary>
    public uint KeyHeads { get; }

    /// <summary>What the types of tensors depend on.</summary>
    public GgufModelSizes Sizes
    {
        get
        {
            int layers = (int)Required("num_hidden_layers");
            bool is70B = layers == 80 && (Architecture.Name == "qwen2" || (Architecture.Name == "llama" && Heads != KeyHeads));
            return new GgufModelSizes(layers, (int)(Number("num_local_experts") ?? Number("num_experts") ?? 0), is70B);
        }
    }

    private uint HeadSize { get; }

    // llama.cpp does not use the output matrix of Gemma, which is the embedding.
    private bool IsGemma => Architecture.NormOffset != 0;

    /// <summary>Whether a tensor has no place in the file.</summary>
    public bool IsLeftOut(string name) => (IsGemma && name == "lm_head.weight")
        || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    /// <summary>Adds what the file says of the architecture.</summary>
    public void AddTo(GgufMetadata metadata)
    {
        string of = Architecture.Name;
        metadata.Add($"{of}.block_count", Required("num_hidden_layers"));
        metadata.Add($"{of}.context_length", Required("max_position_embeddings"));
        metadata.Add($"{of}.embedding_length", Required("hidden_size"));
        metadata.Add($"{of}.feed_forward_length", Required("intermediate_size"));
        metadata.Add($"{of}.attention.head_count", Heads);
        metadata.Add($"{of}.attention.head_count_kv", KeyHeads);
        metadata.Add($"{of}.attention.key_length", HeadSize);
        metadata.Add($"{of}.attention.value_length", HeadSize);
        metadata.Add(
            $"{of}.attention.layer_norm_rms_epsilon",
            (float)(Real(_config, "rms_norm_eps") ?? throw Wrong("config.json has no number rms_norm_eps")));
        if (Sizes.Experts > 0)
            AddExperts(metadata);
        if (Theta is { } theta)
            metadata.Add($"{of}.rope.freq_base", (float)theta);
        metadata.Add($"{of}.rope.dimension_count", HeadSize);
        AddScaling(metadata);
        if (IsGemma)
            AddGemma(metadata);
    }

    /// <summary>
    /// Returns the factors by which the wavelengths of the rotary embedding are stretched where Llama 3's scaling is asked for;
    /// null where it is not. With wavelength λ, original context c, and factors f, l and h for all, low and high frequencies:
    /// 1 where λ &lt; c/h, f where λ &gt; c/l, and 1 / ((1 − s)/f + s) between, for s = (c/λ − l) / (h − l).
    /// </summary>
    public float[]? RopeFactors()
    {
        if (ScalingType != "llama3")
            return null;
        double theta = Theta ?? 10_000;
        double factor = Real(_rope, "factor") ?? 8;
        double low = Real(_rope, "low_freq_factor") ?? 1;
        double high = Real(_rope, "high_freq_factor") ?? 4;
        double context = Real(_rope, "original_max_position_embeddings") ?? 8192;
        float[] factors = new float[HeadSize / 2];
        for (int k = 0; k < factors.Length; k++)
        {
            double wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * k / HeadSize);
            double smooth = ((context / wavelength) - low) / (high - low);
            factors[k] = (float)(wavelength < context / high ? 1
                : wavelength > context / low ? factor
                : 1 / (((1 - smooth) / factor) + smooth));
        }

        return factors;
    }

    /// <summary>What whoever runs the file has to know; null for nothing.</summary>
    public string? Remark
    {
        get
        {
            double fast = Real(_rope, "beta_fast") ?? FastTurns, slow = Real(_rope, "beta_slow") ?? SlowTurns;
            return ScalingType != "yarn" || (fast == FastTurns && slow == SlowTurns) ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"yarn of this model goes from {fast} to {slow} turns, and llama.cpp takes {FastTurns} and {SlowTurns} unless "
                + $"it is run with --yarn-beta-fast {fast} --yarn-beta-slow {slow}");
        }
    }

    /// <summary>Makes the error of a model that is not written.</summary>
    public DemException Wrong(string why) => new(ErrorCode.NotForGguf, $"{_owner}: {why}") { Path = _owner };

    private double? Theta => Real(_rope, "rope_theta") ?? Real(_config, "rope_theta");

    private string ScalingType => Text(_rope, "rope_type") ?? Text(_rope, "type") ?? "default";

    private void AddScaling(GgufMetadata metadata)
    {
        string of = $"{Architecture.Name}.rope.scaling";
        switch (ScalingType)
        {
            case "default" or "llama3":
                break;
            case "linear" or "yarn":
                metadata.Add($"{of}.type", ScalingType);
                metadata.Add(
                    $"{of}.factor", (float)(Real(_rope, "factor") ?? throw Wrong("the scaling of config.json has no factor")));
                if (ScalingType == "yarn")
                    AddYarn(metadata, of);
                break;
            default:
                throw Wrong($"the rotary embedding is scaled by {Quoted.Name(ScalingType)}, which is not written as GGUF");
        }
    }

    // Keys of its own stand for what differs from the paper's defaults (https://arxiv.org/abs/2309.00071).
    private void AddYarn(GgufMetadata metadata, string of)
    {
        metadata.Add(
            $"{of}.original_context_length",
            (uint)(Real(_rope, "original_max_position_embeddings")
                ?? throw Wrong("yarn in config.json has no original_max_position_embeddings")));
        if (Real(_rope, "beta_fast") is { } fast)
            metadata.Add($"{of}.yarn_beta_fast", (float)fast);
        if (Real(_rope, "beta_slow") is { } slow)
            metadata.Add($"{of}.yarn_beta_slow", (float)slow);
        if (_rope["truncate"] is JsonValue truncate && truncate.GetValueKind() == JsonValueKind.False)
            throw Wrong("yarn in config.json has truncate: false, and llama.cpp rounds the bounds of its ramp");

        // llama.cpp multiplies queries and keys by the paper's 1 + 0.1 ln s for the factor s, and by what stands here.
        double factor = Real(_rope, "factor") ?? 1;
        double usual = Attention(factor, 1);
        double attention = Real(_rope, "attention_factor")
            ?? (Real(_rope, "mscale") is { } scale and not 0 && Real(_rope, "mscale_all_dim") is { } all and not 0
                ? Attention(factor, scale) / Attention(factor, all)
                : usual);
        if (attention != usual)
            metadata.Add($"{of}.attn_factor", (float)(attention / usual));
    }

    private static double Attention(double factor, double scale) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;

    private void AddExperts(GgufMetadata metadata)
    {
        string of = Architecture.Name;
        metadata.Add($"{of}.expert_count", (uint)Sizes.Experts);
        metadata.Add($"{of}.expert_used_count", Required("num_experts_per_tok"));
        if (Number("moe_intermediate_size") is { } size)
            metadata.Add($"{of}.expert_feed_forward_length", size);
        if (Number("shared_expert_intermediate_size") is { } shared)
            metadata.Add($"{of}.expert_shared_feed_forward_length", shared);
    }

    private void AddGemma(GgufMetadata metadata)
    {
        string of = Architecture.Name;
        if (of == "gemma2" && Real(_config, "attn_logit_softcapping") is { } attention)
            metadata.Add($"{of}.attn_logit_softcapping", (float)attention);
        if (of != "gemma" && Real(_config, "final_logit_softcapping") is { } final)
            metadata.Add($"{of}.final_logit_softcapping", (float)final);
        if (of != "gemma" && Number("sliding_window") is { } window)
            metadata.Add($"{of}.attention.sliding_window", window);
    }

    private uint Required(string key) =>
        Number(key) is { } number and > 0 ? number : throw Wrong($"config.json has no number {Quoted.Name(key)}");

    private uint? Number(string key) =>
        _config[key] is JsonValue value && value.TryGetValue(out uint number) ? number : null;

    private static double? Real(JsonObject section, string key) =>
        section[key] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : null;

    private static string? Text(JsonObject section, string key) =>
        section[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
