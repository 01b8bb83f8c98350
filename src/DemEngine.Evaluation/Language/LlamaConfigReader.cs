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
    private readonly JsonElement _config;
    private readonly string _path;

    private LlamaConfigReader(JsonElement config, string path)
    {
        _config = config;
        _path = path;
    }

    /// <summary>Reads the configuration of a Llama, Mistral, Qwen2 or Qwen3.</summary>
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
        string? type = Word("model_type");
        bool isQwen = type is "qwen2" or "qwen3";
        if (isQwen && !Flag("use_sliding_window"))
            return null;
        int? window = Find("sliding_window") is not null ? Size("sliding_window")
            : type == "mistral" && !_config.TryGetProperty("sliding_window", out _) ? 4096 : null;
        if (window >= Size("max_position_embeddings", 2048))
            return null;
        return window is null || type == "mistral"
            ? window
            : throw Unknown("sliding_window is shorter than max_position_embeddings; windows are only known in Mistral");
    }

    private RotaryScaling? Scaling()
    {
        foreach (string key in new[] { "rope_parameters", "rope_scaling" })
        {
            if (Find(key) is not { } rope)
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
        int keyValueHeads = Size("num_key_value_heads", Word("model_type") is "qwen2" or "qwen3" ? 32 : heads);
        int hidden = Size("hidden_size");
        if (heads % keyValueHeads != 0)
            throw Bad($"num_attention_heads {heads} is not a multiple of num_key_value_heads {keyValueHeads}");
        if (Find("head_dim") is null && hidden % heads != 0 && Word("model_type") != "qwen3")
            throw Bad($"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim");
        int headSize = Size("head_dim", Word("model_type") == "qwen3" ? 128 : Math.Max(1, hidden / heads));
        if (headSize % 2 != 0)
            throw Bad($"heads of {headSize} elements cannot be rotated in pairs");

        int vocabulary = Size("vocab_size");
        var config = new LlamaConfig
        {
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = Size("intermediate_size"),
            Layers = Size("num_hidden_layers"),
            AttentionHeads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            RmsNormEpsilon = Positive("rms_norm_eps", Find("rms_norm_eps"), 1e-6),
            RopeTheta = Positive("rope_theta", RopeTheta(), 10000),
            Scaling = Scaling(),
            Window = Window(),
            HasBiases = Word("model_type") == "qwen2",
            HasHeadNorms = Word("model_type") == "qwen3",
            MaxPositions = Size("max_position_embeddings", 2048),
            TieEmbeddings = Flag("tie_word_embeddings"),
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
        string? type = Word("model_type");
        if (type is not (null or "llama" or "mistral" or "qwen2" or "qwen3"))
            throw Unknown($"model_type is {Quoted.Name(type)}");

        JsonElement? architectures = Find("architectures");
        if (type is null && architectures is null)
            throw Unknown("there is neither model_type nor architectures");
        if (architectures is not { } list)
            return;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != 1 || list[0].ValueKind != JsonValueKind.String)
            throw Bad("architectures is not a list of one name");
        string name = list[0].GetString()!;
        if (name != $"{type switch { "mistral" => "Mistral", "qwen2" => "Qwen2", "qwen3" => "Qwen3", _ => "Llama" }}ForCausalLM")
            throw Unknown($"architectures is {Quoted.Name(name)}");
    }

    private void CheckComputation()
    {
        foreach (string key in new[] { "attention_bias", "mlp_bias" })
        {
            if (Flag(key))
                throw Unknown($"{key} is true; linear layers with a bias are not known");
        }

        if (Word("hidden_act") is { } act and not ("silu" or "swish"))
            throw Unknown($"hidden_act is {Quoted.Name(act)}; only silu is known");
        foreach (string key in new[] { "quantization_config", "auto_map" })
        {
            if (Find(key) is not null)
                throw Unknown($"{key} is given; neither quantised weights nor a model's own code are known");
        }

        if (Find("partial_rotary_factor") is { } factor && !(factor.TryGetDouble(out double part) && part == 1))
            throw Unknown("partial_rotary_factor is not 1");
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
        Find("rope_parameters") is { } rope && rope.TryGetProperty("rope_theta", out JsonElement theta)
            ? theta
            : Find("rope_theta");

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
