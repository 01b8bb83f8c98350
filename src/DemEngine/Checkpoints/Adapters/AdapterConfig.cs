using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// What <c>adapter_config.json</c> says of an adapter of PEFT: how its changes are scaled. Settings under which the stored
/// factors are not the change of the model that is given are refused.
/// </summary>
internal sealed class AdapterConfig
{
    /// <summary>Name of the file beside the factors.</summary>
    public const string FileName = "adapter_config.json";

    private const int LargestBytes = 16 << 20;
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    // Ways of starting that change the model too, so that the factors belong to another one than the published.
    private static readonly string[] ChangingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    // Settings that add to the factors what is not read here.
    private static readonly string[] OtherParts =
    [
        "alora_invocation_tokens",
        "arrow_config",
        "megatron_config",
        "use_qalora",
        "use_bdlora",
        "kasa_config",
        "monteclora_config",
    ];

    // That of LoraConfig, LoHaConfig and LoKrConfig.
    private const int DefaultRank = 8;

    private readonly string _path;
    private readonly JsonObject _root;
    private readonly (string Pattern, double Value)[] _ranks;
    private readonly (string Pattern, double Value)[] _alphas;
    private readonly string[] _parameters;

    private AdapterConfig(string path, JsonObject root)
    {
        _path = path;
        _root = root;
        string type = Text("peft_type") ?? "LORA";
        if (type is not ("LORA" or "LOHA" or "LOKR" or "TRAINABLE_TOKENS"))
            throw Unknown($"it is of the type {Quoted.Name(type)}");
        if (Text("init_lora_weights") is { } start
            && ChangingStarts.Any(known => start.StartsWith(known, StringComparison.OrdinalIgnoreCase)))
            throw Unknown(
                $"it was started by {Quoted.Name(start)}, which changes the model too, and stored without that change",
                "Save it anew with PEFT's `path_initial_model_for_weight_conversion`, or merge it into its model with PEFT.");
        foreach (string key in OtherParts)
        {
            if (IsSet(_root[key]))
                throw Unknown($"it has \"{key}\"");
        }

        IsTransposed = Flag("fan_in_fan_out");
        _ranks = Patterns("rank_pattern");
        _alphas = Patterns("alpha_pattern");
        _parameters = Parameters();
        ReplicatedLayers = IsSet(_root["layer_replication"]) ? Layers(_root["layer_replication"]) : null;
    }

    /// <summary>Path of the file, or where else the settings are found, for messages.</summary>
    public string Place => _path;

    /// <summary>Whether the model's matrices are stored transposed, as those of GPT-2 are.</summary>
    public bool IsTransposed { get; }

    /// <summary>
    /// Number of layers that the adapter's model has, where some of them are copies (<c>layer_replication</c>); null where none
    /// are.
    /// </summary>
    public long? ReplicatedLayers { get; }

    /// <summary>The model that the adapter says it belongs to; null where it says none.</summary>
    public string? Base => Text("base_model_name_or_path");

    /// <summary>Reads the configuration beside an adapter; null if there is none.</summary>
    /// <param name="folder">Path of the adapter's folder.</param>
    /// <exception cref="DemException">
    /// DEM2048 (BadAdapter): the file is no configuration. DEM2049 (UnknownAdapter): its adapter is of a kind that is not read.
    /// DEM2022 (UnreadableFile): it cannot be read.
    /// </exception>
    public static AdapterConfig? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!ExistingFile.IsThere(path))
            return null;
        byte[] contents;
        try
        {
            if (new FileInfo(path).Length > LargestBytes)
                throw Bad(path, "the file is larger than any configuration");
            contents = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e) { Path = path };
        }

        return new AdapterConfig(
            path,
            JsonObjectFile.TryParse(contents)
                ?? throw Bad(path, JsonObjectFile.FaultOf(contents) ?? "the file is not a JSON object"));
    }

    /// <summary>Makes a configuration of settings that are found elsewhere.</summary>
    /// <param name="place">Where they are found, for messages.</param>
    /// <param name="settings">The settings, under the names that PEFT gives them.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter), DEM2049 (UnknownAdapter).</exception>
    public static AdapterConfig Of(string place, JsonObject settings) => new(place, settings);

    /// <summary>Returns the factor by which the product of a module's factors is multiplied.</summary>
    /// <param name="module">Path of the module as the adapter names it.</param>
    /// <param name="rank">Rank of the stored factors.</param>
    /// <param name="factor">One of them, for messages.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the configuration states another rank, or no number.</exception>
    public double ScaleOf(string module, int rank, StoredTensor factor)
    {
        double stated = StatedRank(module) ?? rank;
        if (stated != rank)
            throw AdapterFault.Wrong(
                factor, $"its rank is {rank}, and {_path} states {stated.ToString(CultureInfo.InvariantCulture)}");
        return ScaleOf(module, stated);
    }

    /// <summary>
    /// Returns the factor by which a module's change is multiplied whose matrices are stored whole: PEFT divides by the rank that
    /// the configuration states all the same.
    /// </summary>
    /// <param name="module">Path of the module as the adapter names it.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the configuration states no number.</exception>
    public double ScaleOf(string module) => ScaleOf(module, StatedRank(module) ?? DefaultRank);

    /// <summary>
    /// Returns the names of a module's parameters that are changed as such (<c>target_parameters</c>), as the experts of a layer
    /// are; none for a module that is changed as a whole.
    /// </summary>
    /// <param name="module">Path of the module as the adapter names it.</param>
    public IReadOnlyList<string> ParametersOf(string module) =>
    [
        .. _parameters.Where(name => IsEndOf($"{module}.{LastWord(name)}", name)).Select(LastWord)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Returns the numbers of the tokens whose rows of an embedding the adapter stores, in its order.</summary>
    /// <param name="module">Path of the embedding as the adapter names it.</param>
    /// <param name="rows">The stored rows, for messages.</param>
    /// <exception cref="DemException">
    /// DEM2048 (BadAdapter): the configuration states none, or not as many, or one twice.
    /// </exception>
    public IReadOnlyList<long> TokensOf(string module, StoredTensor rows)
    {
        JsonNode? stated = _root["trainable_token_indices"] ?? _root["token_indices"];
        if (stated is JsonObject ofModules)
            stated = ofModules.FirstOrDefault(pair => module.EndsWith(pair.Key, StringComparison.Ordinal)).Value;
        if (stated is not JsonArray list)
            throw AdapterFault.Wrong(rows, $"{_path} does not say which tokens its rows belong to");
        long[] tokens =
        [
            .. list.Select(node => node is JsonValue value && value.TryGetValue(out long token) && token >= 0
                ? token
                : throw Bad(_path, "the numbers of the trained tokens are not all whole numbers from 0 on")),
        ];
        if (tokens.Length != rows.Spec.Shape.Rows)
            throw AdapterFault.Wrong(rows, $"{_path} states {tokens.Length} tokens");
        return tokens.Distinct().Count() == tokens.Length
            ? tokens
            : throw Bad(_path, "a trained token is there twice");
    }

    private double ScaleOf(string module, double rank)
    {
        double alpha = Matching(_alphas, module) ?? Number("lora_alpha") ?? Number("alpha") ?? Default();
        return Flag("use_rslora") ? alpha / Math.Sqrt(rank) : alpha / rank;
    }

    private double? StatedRank(string module) => Matching(_ranks, module) ?? Number("r");

    // LoraConfig's, LoHaConfig's and LoKrConfig's alpha is 8 where none is given.
    private static double Default() => 8;

    // PEFT takes the first pattern that the end of the module's path matches.
    private double? Matching((string Pattern, double Value)[] patterns, string module)
    {
        foreach (var (pattern, value) in patterns)
        {
            try
            {
                if (IsMatch(module, $@"\A(.*\.)?({pattern})\z"))
                    return value;
            }
            catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
            {
                throw Bad(_path, $"{Quoted.Name(pattern)} is no pattern of module names that can be read");
            }
        }

        return null;
    }

    // Patterns that look ahead or behind need the engine that goes back, which a hostile pattern could keep busy.
    private static bool IsMatch(string module, string pattern)
    {
        try
        {
            return Regex.IsMatch(module, pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return Regex.IsMatch(module, pattern, RegexOptions.CultureInvariant, LongestMatch);
        }
    }

    private (string Pattern, double Value)[] Patterns(string key) => _root[key] switch
    {
        null => [],
        JsonObject map => [.. map.Select(pair => (pair.Key, Positive(pair.Value, $"{key}.{pair.Key}")))],
        _ => throw Bad(_path, $"\"{key}\" is not a mapping of module names to numbers"),
    };

    private string[] Parameters() => _root["target_parameters"] switch
    {
        null => [],
        JsonArray list =>
        [
            .. list.Select(node => node is JsonValue value && value.TryGetValue(out string? name)
                ? name
                : throw Bad(_path, "\"target_parameters\" is not a list of names")),
        ],
        _ => throw Bad(_path, "\"target_parameters\" is not a list of names"),
    };

    private long Layers(JsonNode? ranges) => ranges is JsonArray list
        ? list.Sum(range => range is JsonArray { Count: 2 } && range[0] is JsonValue first && range[1] is JsonValue end
            && first.TryGetValue(out long from) && end.TryGetValue(out long to) && to >= from
                ? to - from
                : throw Bad(_path, "\"layer_replication\" is not a list of ranges [first, end]"))
        : throw Bad(_path, "\"layer_replication\" is not a list of ranges [first, end]");

    private static bool IsEndOf(string path, string name) =>
        path == name || path.EndsWith($".{name}", StringComparison.Ordinal);

    private static string LastWord(string name) => name[(name.LastIndexOf('.') + 1)..];

    private double? Number(string key) => _root[key] is null ? null : Positive(_root[key], key);

    private double Positive(JsonNode? node, string key) =>
        node is JsonValue value && value.TryGetValue(out double number) && number > 0 && double.IsFinite(number)
            ? number
            : throw Bad(_path, $"{Quoted.Name(key)} is not a positive number");

    private string? Text(string key) => _root[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private bool Flag(string key) => _root[key] is JsonValue value && value.TryGetValue(out bool flag) && flag;

    private static bool IsSet(JsonNode? node) => node switch
    {
        null => false,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        JsonArray list => list.Count > 0,
        JsonObject map => map.Count > 0,
        _ => true,
    };

    private DemException Unknown(string why, string? remedy = null) =>
        new(ErrorCode.UnknownAdapter, $"{_path}: {why}, which is not read here", remedy: remedy) { Path = _path };

    private static DemException Bad(string path, string why) =>
        new(ErrorCode.BadAdapter, $"{path}: {why}") { Path = path };
}
