using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// A model's <c>config.json</c>, which is corrected where it would not describe the output. A model with several parts has a
/// section for each, such as <c>text_config</c>.
/// </summary>
internal sealed class ModelConfig
{
    /// <summary>Name of the configuration file.</summary>
    public const string FileName = "config.json";

    // Older files say torch_dtype, newer ones dtype.
    private static readonly string[] TypeKeys = ["torch_dtype", "dtype"];
    private static readonly string[] TextSections = ["text_config", "llm_config", "language_config", "thinker_config"];
    private static readonly string[] VisionSections = ["vision_config"];
    private static readonly string[] VisionStacks = ["vision_tower", "vision_model", "visual", "vision_encoder"];
    private static readonly string[] AudioSections = ["audio_config"];
    private static readonly string[] AudioStacks = ["audio_tower", "audio_model", "audio_encoder"];

    private readonly JsonObject _root;
    private readonly HashSet<(JsonObject Section, string Key)> _stacked = [];
    private bool _isChanged;

    private ModelConfig(JsonObject root) => _root = root;

    /// <summary>Reads the configuration among a model's side files; null if there is none.</summary>
    /// <param name="files">Side files by name.</param>
    /// <param name="owner">Name of the model, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not a JSON object.</exception>
    public static ModelConfig? Of(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        if (!files.TryGetValue(FileName, out byte[]? json))
            return null;

        try
        {
            return new ModelConfig(
                StrictJson.ParseNode(json) as JsonObject
                ?? throw Wrong(owner, "this is no JSON object", null));
        }
        catch (JsonException e)
        {
            throw Wrong(owner, JsonFault.Describe(e), e);
        }
    }

    /// <summary>
    /// Reads the configuration among a model's side files; null if there is none that can be read. It may be one that is not
    /// changed, so that it is for others to refuse.
    /// </summary>
    /// <param name="files">Side files by name.</param>
    public static ModelConfig? TryOf(IReadOnlyDictionary<string, byte[]> files) =>
        files.TryGetValue(FileName, out byte[]? json) && JsonObjectFile.TryParse(json) is { } root ? new ModelConfig(root) : null;

    /// <summary>Sets the element type in the configuration among a model's side files, if there is one.</summary>
    /// <param name="files">Side files by name; changed only where the stated type would be wrong.</param>
    /// <param name="owner">Name of the model, for messages.</param>
    /// <param name="type">Element type of the tensors.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not a JSON object.</exception>
    public static void StateType(Dictionary<string, byte[]> files, string owner, ElementType type)
    {
        if (Of(files, owner) is not { } config)
            return;
        config.SetType(type);
        config.WriteTo(files);
    }

    /// <summary>
    /// Returns the number that a key has at the top level or in the section of the language model; null if there is none.
    /// </summary>
    public long? Number(string key) => Sections(_root, TextSections)
        .Select(section => section[key] is JsonValue value && value.TryGetValue(out long number) ? (long?)number : null)
        .FirstOrDefault(number => number is not null);

    /// <summary>Returns the texts that a key has at the top level and in the section of the language model.</summary>
    public IEnumerable<string> Words(string key) => Sections(_root, TextSections)
        .Select(section => section[key] is JsonValue value && value.TryGetValue(out string? word) ? word : null)
        .OfType<string>();

    /// <summary>Sets the element type, wherever one is stated.</summary>
    public void SetType(ElementType type)
    {
        foreach (JsonObject section in Sections(
            _root,
            name => name.EndsWith("_config", StringComparison.Ordinal) && name != "quantization_config"))
        {
            foreach (string key in TypeKeys.Where(section.ContainsKey))
                Set(section, key, JsonValue.Create(type.TorchName));
        }
    }

    /// <summary>The whole configuration, to read.</summary>
    public JsonObject Root => _root;

    /// <summary>Whether an object in a configuration describes a part of the model as the whole describes a model.</summary>
    /// <param name="key">Key of the object.</param>
    /// <param name="section">The object.</param>
    public static bool IsSection(string key, JsonObject section) =>
        section.ContainsKey("model_type")
        || new[] { TextSections, VisionSections, AudioSections }.Any(names => names.Contains(key, StringComparer.Ordinal));

    /// <summary>Whether a stack of layers belongs to what sees.</summary>
    public bool IsVision(string stack) => stack.Split('.').Intersect(VisionStacks).Any();

    /// <summary>
    /// Returns the sections that describe a stack of layers, the outermost first: the one that is named as a part of the
    /// stack's path, or that of vision or sound, or the language model's.
    /// </summary>
    /// <param name="stack">Path of the stack: the names of its tensors up to the layer's number.</param>
    public IEnumerable<JsonObject> SectionsOf(string stack)
    {
        string[] path = stack.Split('.');
        string[]? sense = IsVision(stack) ? VisionSections : path.Intersect(AudioStacks).Any() ? AudioSections : null;
        if (sense is not null)
            return sense.Any(_root.ContainsKey) ? Sections(_root, sense).Skip(1) : [_root];
        if (path.Select(part => _root[$"{part}_config"]).OfType<JsonObject>().FirstOrDefault() is { } named)
            return Sections(named, TextSections);
        JsonObject? part = path.Select(name => _root[name]).OfType<JsonObject>()
            .FirstOrDefault(section => section.ContainsKey("model_type"));
        return Sections(part ?? _root, TextSections);
    }

    /// <summary>Whether a key was set to the number of layers of a stack.</summary>
    public bool HasStacked(JsonObject section, string key) => _stacked.Contains((section, key));

    /// <summary>Sets a key to the number of layers of a stack.</summary>
    public void SetStacked(JsonObject section, string key, int count)
    {
        _stacked.Add((section, key));
        Set(section, key, JsonValue.Create(count));
    }

    /// <summary>Sets a value of one of the sections.</summary>
    public void Set(JsonObject section, string key, JsonNode value)
    {
        if (JsonEquality.AreEqual(section[key], value))
            return;
        section[key] = value;
        _isChanged = true;
    }

    /// <summary>Replaces the configuration among a model's side files, if anything was changed.</summary>
    public void WriteTo(Dictionary<string, byte[]> files)
    {
        if (_isChanged)
            files[FileName] = IndentedJson.Write(_root);
    }

    private static DemException Wrong(string owner, string what, Exception? inner) => new(
        ErrorCode.BadSideFile,
        $"{owner}: {FileName}: {what}",
        inner,
        "Fetch the file again, or mend it there: it must be changed to describe the output, and so be read.");

    private static IEnumerable<JsonObject> Sections(JsonObject root, string[] names) =>
        Sections(root, name => names.Contains(name, StringComparer.Ordinal));

    private static IEnumerable<JsonObject> Sections(JsonObject root, Func<string, bool> isSection)
    {
        yield return root;
        foreach (var (name, node) in root.ToArray())
        {
            if (node is not JsonObject part || !isSection(name))
                continue;
            foreach (JsonObject section in Sections(part, isSection))
                yield return section;
        }
    }
}
