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
    private static readonly string[] LayerKeys = ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "depth"];
    private static readonly string[] DecoderLayerKeys = ["num_decoder_layers", "decoder_layers"];
    private static readonly string[] PerLayerKeys =
    [
        "layer_types",
        "mlp_layer_types",
        "layers_block_type",
        "block_configs",
        "no_rope_layers",
    ];

    private readonly JsonObject _root;
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
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            return new ModelConfig(
                JsonNode.Parse(json, documentOptions: options) as JsonObject ?? throw Wrong(owner, "this is no JSON object", null));
        }
        catch (JsonException e)
        {
            throw Wrong(owner, JsonFault.Describe(e), e);
        }
    }

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

    /// <summary>Sets the size of the vocabulary, wherever the language model's is stated.</summary>
    public void SetVocabulary(long rows)
    {
        foreach (JsonObject section in Sections(_root, TextSections).Where(section => section.ContainsKey("vocab_size")))
            Set(section, "vocab_size", JsonValue.Create(rows));
    }

    /// <summary>Sets the number of layers of a stack.</summary>
    /// <param name="stack">Path of the stack: the names of its tensors up to the layer's number.</param>
    /// <param name="count">Number of layers.</param>
    /// <returns>False if the configuration has no known key for the number.</returns>
    public bool SetLayers(string stack, int count)
    {
        bool any = false;
        foreach (JsonObject section in SectionsOf(stack))
        {
            foreach (string key in LayerKeysOf(section, stack))
            {
                Set(section, key, JsonValue.Create(count));
                any = true;
            }
        }

        return any;
    }

    /// <summary>Assembles the lists that have one item for each layer from those of other configurations.</summary>
    /// <param name="stack">Path of the stack: the names of its tensors up to the layer's number.</param>
    /// <param name="baseCount">Number of items that the lists have in this configuration.</param>
    /// <param name="runs">Configuration, first layer and number of layers for each run of the output's layers.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a configuration lacks such a list.</exception>
    public void SetPerLayer(string stack, int baseCount, IReadOnlyList<(ModelConfig? Config, int First, int Count)> runs)
    {
        JsonObject[] sections = [.. SectionsOf(stack)];
        for (int s = 0; s < sections.Length; s++)
        {
            foreach (string key in PerLayerKeys)
            {
                if (sections[s][key] is JsonArray list && list.Count == baseCount)
                    Set(
                        sections[s],
                        key,
                        new JsonArray([.. runs.SelectMany(run => Items(run.Config, stack, s, key, run.First, run.Count))]));
            }
        }
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

    private static IEnumerable<JsonNode?> Items(ModelConfig? config, string stack, int section, string key, int first, int count)
    {
        if (config?.SectionsOf(stack).ElementAtOrDefault(section)?[key] is not JsonArray list || list.Count < first + count)
            throw new DemException(
                ErrorCode.BadSideFile,
                $"{FileName}: {key} has an item for each layer in one model and not in another that layers are taken from");
        return list.Skip(first).Take(count).Select(item => item?.DeepClone());
    }

    private static IEnumerable<string> LayerKeysOf(JsonObject section, string stack)
    {
        string[] path = stack.Split('.');
        if (path.Contains("decoder", StringComparer.Ordinal) && DecoderLayerKeys.Any(section.ContainsKey))
            return DecoderLayerKeys.Where(section.ContainsKey);
        return LayerKeys.Concat(path.Contains("encoder", StringComparer.Ordinal) ? ["encoder_layers"] : [])
            .Where(section.ContainsKey);
    }

    private IEnumerable<JsonObject> SectionsOf(string stack) =>
        stack.Split('.').Intersect(VisionStacks).Any()
            ? Sections(_root, VisionSections).Skip(1)
            : Sections(_root, TextSections);

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

    private void Set(JsonObject section, string key, JsonNode value)
    {
        if (JsonNode.DeepEquals(section[key], value))
            return;
        section[key] = value;
        _isChanged = true;
    }
}
