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
        "layer_replication",
        "trainable_token_indices",
        "target_parameters",
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

    private AdapterConfig(string path, JsonObject root)
    {
        _path = path;
        _root = root;
        string type = Text("peft_type") ?? "LORA";
        if (type is not ("LORA" or "LOHA" or "LOKR"))
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
    }

    /// <summary>Whether the model's matrices are stored transposed, as those of GPT-2 are.</summary>
    public bool IsTransposed { get; }

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
        if (!File.Exists(path))
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
