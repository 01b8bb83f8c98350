using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Reads <c>config.json</c> strictly: any value that would change the forward pass is refused by name. Keys that Hugging Face's
/// LlamaForCausalLM does not compute with are ignored, as it ignores them.
/// </summary>
internal sealed class LlamaConfigReader
{
    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["llama"] = "Llama",
        ["mistral"] = "Mistral",
        ["mixtral"] = "Mixtral",
        ["qwen2"] = "Qwen2",
        ["qwen3"] = "Qwen3",
        ["gemma2"] = "Gemma2",
        ["gemma3_text"] = "Gemma3",
    };

    // The largest models have some 25,000, and a damaged file may say any number.
    private const int MostMlps = 1_000_000;

    private readonly JsonElement _config;
    private readonly string _path;

    private LlamaConfigReader(JsonElement config, string path)
    {
        _config = config;
        _path = path;
    }

    /// <summary>Reads the configuration of a decoder of one of the known classes.</summary>
    public static LlamaConfig Parse(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using var document = StrictJson.ParseDocument(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new DemException(ErrorCode.BadConfig, $"{path}: not a JSON object") { Path = path };
            return new LlamaConfigReader(document.RootElement, path).Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DemException(ErrorCode.BadConfig, $"{path}: {JsonFault.Describe(e)}", e) { Path = path };
        }
    }

    // Mistral's class has a window by itself. Qwen's configurations state one that is not used unless they say so, and then only
    // in some layers. Llama's class knows of none.
    private int? Window()
    {
        string? type = Type;
        bool isQwen = type is "qwen2" or "qwen3";
        if (isQwen && !Flag("use_sliding_window"))
            return null;
        int? window = Find("sliding_window") is not null ? Size("sliding_window")
            : (type == "mistral" || IsGemma) && !_config.TryGetProperty("sliding_window", out _) ? 4096 : null;
        if (window >= MaxPositions())
            return null;
        return window is null || type is "mistral" or "mixtral" || IsGemma
            ? window
            : throw Unknown("sliding_window is shorter than max_position_embeddings; windows are known in Mistral and Gemma");
    }

    private RotaryScaling? Scaling()
    {
        foreach (string key in new[] { "rope_parameters", "rope_scaling" })
        {
            if (Rope(key) is not { } rope)
                continue;
            if (rope.ValueKind != JsonValueKind.Object)
                throw Bad($"{key} is not an object");
            double Number(string name) => Positive(
                $"{key}.{name}",
                rope.TryGetProperty(name, out JsonElement value) ? value : throw Bad($"{key} has no {name}"),
                otherwise: 0);
            string? type = new[] { "rope_type", "type" }
                .Select(name => rope.TryGetProperty(name, out JsonElement value) ? value.ToString() : null)
                .FirstOrDefault(name => name is not null);
            switch (type)
            {
                case null or "default":
                    CheckRope(key, rope);
                    continue;
                case "linear":
                    return new LinearScaling(Number("factor"));
                case "llama3":
                    return new Llama3Scaling(
                        Number("factor"),
                        Number("low_freq_factor"),
                        Number("high_freq_factor"),
                        Number("original_max_position_embeddings"));
                default:
                    throw Unknown($"{key} has rope_type {Quoted.Name(type)}; default, linear and llama3 are known");
            }
        }

        return null;
    }

    private LlamaConfig Read()
    {
        CheckArchitecture();
        CheckComputation();

        int heads = Size("num_attention_heads");
        int keyValueHeads = Size("num_key_value_heads", Type switch
        {
            "qwen2" or "qwen3" => 32,
            "mixtral" => 8,
            "gemma2" or "gemma3_text" => 4,
            _ => heads,
        });
        int hidden = Size("hidden_size");
        if (heads % keyValueHeads != 0)
            throw Bad($"num_attention_heads {heads} is not a multiple of num_key_value_heads {keyValueHeads}");
        if (Find("head_dim") is null && hidden % heads != 0 && Type != "qwen3" && !IsGemma)
            throw Bad($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim");
        int headSize = Size("head_dim", IsGemma ? 256 : Type == "qwen3" ? 128 : Math.Max(1, hidden / heads));
        if (headSize % 2 != 0)
            throw Bad($"heads of {headSize} elements cannot be rotated in pairs");

        int vocabulary = Size("vocab_size"), layers = Size("num_hidden_layers");
        int experts = Type == "mixtral" ? Size("num_local_experts", 8) : 0;
        int chosen = Type == "mixtral" ? Size("num_experts_per_tok", 2) : 0;
        if (chosen > experts)
            throw Bad($"num_experts_per_tok {chosen} is more than the {experts} experts that there are");
        if (Math.Max(1L, experts) * layers > MostMlps)
            throw Bad($"num_hidden_layers is {layers}" + (experts > 0 ? $", of {experts} experts each" : "")
                + $", and models have up to {MostMlps} MLPs");
        var config = new LlamaConfig
        {
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = Size("intermediate_size"),
            Layers = layers,
            AttentionHeads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            RmsNormEpsilon = Positive("rms_norm_eps", Find("rms_norm_eps"), Type == "mixtral" ? 1e-5 : 1e-6),
            RopeTheta = Positive("rope_theta", RopeTheta(), Type is "mixtral" or "gemma3_text" ? 1e6 : 10000),
            Scaling = Scaling(),
            Window = Window(),
            HasBiases = Type == "qwen2",
            HasHeadNorms = Type is "qwen3" or "gemma3_text",
            Gemma = IsGemma ? Gemma(layers) : null,
            Experts = experts,
            ExpertsPerToken = chosen,
            MaxPositions = MaxPositions(),
            TieEmbeddings = Find("tie_word_embeddings") is null ? IsGemma : Flag("tie_word_embeddings"),
            BeginOfText = Ids("bos_token_id") switch
            {
                [] => null,
                [int id] => id,
                _ => throw Bad("bos_token_id is a list"),
            },
            EndOfText = Ids("eos_token_id"),
        };
        if ((long)heads * headSize > int.MaxValue
            || (long)config.IntermediateSize * hidden > Array.MaxLength
            || (long)vocabulary * hidden > long.MaxValue / 8)
            throw Bad("the sizes are too large");
        if (config.MaxPositions < 2)
            throw Bad("max_position_embeddings leaves no room for a token to predict");
        return config;
    }

    /// <summary>
    /// Accepts Llama and those that differ from it in what the configuration says. Other architectures compute something else.
    /// </summary>
    private void CheckArchitecture()
    {
        string? type = Type;
        if (type is not null && !Classes.ContainsKey(type))
            throw Unknown($"model_type is {Quoted.Name(type)}");

        JsonElement? architectures = Find("architectures");
        if (type is null && architectures is null)
            throw Unknown("there is neither model_type nor architectures");
        if (architectures is not { } list)
            return;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != 1 || list[0].ValueKind != JsonValueKind.String)
            throw Bad("architectures is not a list of one name");
        string name = list[0].GetString()!;
        if (name != $"{Classes[type ?? "llama"]}ForCausalLM")
            throw Unknown($"architectures is {Quoted.Name(name)}");
    }

    private void CheckComputation()
    {
        foreach (string key in new[] { "attention_bias", "mlp_bias" })
        {
            if (Flag(key))
                throw Unknown($"{key} is true; linear layers with a bias are not known");
        }

        if (IsGemma)
            CheckGemma();
        else if (Word("hidden_act") is { } act and not ("silu" or "swish"))
            throw Unknown($"hidden_act is {Quoted.Name(act)}; only silu is known");
        foreach (string key in new[] { "quantization_config", "auto_map" })
        {
            if (Find(key) is not null)
                throw Unknown($"{key} is given; neither quantised weights nor a model's own code are known");
        }

        if (Find("partial_rotary_factor") is { } factor && !(factor.TryGetDouble(out double part) && part == 1))
            throw Unknown("partial_rotary_factor is not 1");
    }

    private void CheckGemma()
    {
        // Gemma's class reads hidden_activation; hidden_act beside it is of an earlier one.
        if ((Word("hidden_activation") ?? Word("hidden_act")) is { } act and not "gelu_pytorch_tanh")
            throw Unknown($"hidden_activation is {Quoted.Name(act)}; only gelu_pytorch_tanh is known of Gemma");
        if (Flag("use_bidirectional_attention"))
            throw Unknown("use_bidirectional_attention is true; decoders see what is before a token only");
    }

    private GemmaDetails Gemma(int layers)
    {
        bool isThird = Type == "gemma3_text";
        // A value that is null means none, one that is missing what Gemma 2 has.
        double? Cap(string key, double? otherwise) =>
            Find(key) is { } cap ? Positive(key, cap, 0) : _config.TryGetProperty(key, out _) ? null : otherwise;
        int pattern = isThird ? Size("sliding_window_pattern", 6) : 2;
        ImmutableArray<bool> local = [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern != 0)];
        if (Find("layer_types") is { } types)
        {
            if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() != layers)
                throw Bad($"layer_types is not a list of {layers} types");
            local =
            [
                .. types.EnumerateArray().Select(type => type.ToString() switch
                {
                    "sliding_attention" => true,
                    "full_attention" => false,
                    var other => throw Unknown($"layer_types has {Quoted.Name(other)}"),
                }),
            ];
        }

        JsonElement? rope = Find("rope_parameters") is { } parameters
            && parameters.ValueKind == JsonValueKind.Object
            && parameters.TryGetProperty("sliding_attention", out JsonElement ofLocal) ? ofLocal : null;
        if (rope is { } own)
        {
            if (own.TryGetProperty("rope_type", out JsonElement type) && type.ToString() != "default")
                throw Unknown($"rope_parameters.sliding_attention has rope_type {Quoted.Name(type.ToString())}");
            CheckRope("rope_parameters.sliding_attention", own);
        }

        JsonElement? theta = rope?.TryGetProperty("rope_theta", out JsonElement stated) == true
            ? stated : Find("rope_local_base_freq");
        double? scoreCap = Cap("attn_logit_softcapping", isThird ? null : 50);
        if (isThird && scoreCap is not null)
            throw Unknown("attn_logit_softcapping is given, which Gemma 3 does not compute with");
        return new GemmaDetails(Positive("query_pre_attn_scalar", Find("query_pre_attn_scalar"), 256), local)
        {
            ScoreCap = scoreCap,
            LogitCap = Cap("final_logit_softcapping", isThird ? null : 30),
            LocalRopeTheta = isThird ? Positive("rope_local_base_freq", theta, 10000) : null,
        };
    }

    /// <summary>Refuses numbers beside plain rotary positions, which would change them.</summary>
    private void CheckRope(string key, JsonElement rope)
    {
        foreach (JsonProperty property in rope.EnumerateObject())
        {
            if (property.Name is not ("rope_type" or "type" or "rope_theta"))
                throw Unknown($"{key} has {Quoted.Name(property.Name)}, and no rope_type that takes it");
        }
    }

    // Transformers 5 stores it in rope_parameters, earlier versions among the other keys.
    private JsonElement? RopeTheta() =>
        Rope("rope_parameters") is { ValueKind: JsonValueKind.Object } rope
            && rope.TryGetProperty("rope_theta", out JsonElement theta)
            ? theta
            : Find("rope_theta");

    // In Gemma 3 it has an object for each type of layer.
    private JsonElement? Rope(string key) =>
        Find(key) is { ValueKind: JsonValueKind.Object } rope && rope.TryGetProperty("full_attention", out JsonElement full)
            ? full
            : Find(key);

    private int MaxPositions() => Size("max_position_embeddings", Type switch
    {
        "mixtral" or "gemma3_text" => 131072,
        "gemma2" => 8192,
        _ => 2048,
    });

    private JsonElement? Find(string key) =>
        _config.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private int Size(string key, int? otherwise = null)
    {
        if (Find(key) is not { } value)
            return otherwise ?? throw Bad($"there is no {key}");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int size) && size > 0
            ? size
            : throw Bad($"{key} is {Quoted.Name(value.ToString())}, not a positive whole number");
    }

    private double Positive(string key, JsonElement? found, double otherwise)
    {
        if (found is not { } value)
            return otherwise;
        return value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number)
            && number > 0
            && double.IsFinite(number)
                ? number
                : throw Bad($"{key} is {Quoted.Name(value.ToString())}, not a positive number");
    }

    private string? Type => Word("model_type");

    private bool IsGemma => Type is "gemma2" or "gemma3_text";

    private bool Flag(string key) => Find(key) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Bad($"{key} is {Quoted.Name(other.ToString())}, not true or false"),
    };

    private string? Word(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } word => word.GetString(),
        _ => throw Bad($"{key} is not a string"),
    };

    private ImmutableArray<int> Ids(string key)
    {
        int Id(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Bad($"{key} has {Quoted.Name(value.ToString())}, which is no token id");

        return Find(key) switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Id)],
            { } one => [Id(one)],
        };
    }

    private DemException Bad(string what) => new(ErrorCode.BadConfig, $"{_path}: {what}") { Path = _path };

    private DemException Unknown(string what) => new(ErrorCode.UnknownArchitecture, $"{_path}: {what}") { Path = _path };
}
