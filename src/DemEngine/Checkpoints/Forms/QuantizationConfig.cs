using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Forms;

/// <summary>What lies beside a model's weights and says that they are quantised.</summary>
/// <param name="Form">Name of the form, such as <c>fp8</c> or <c>gptq</c>; null if none is given.</param>
/// <param name="Source">File or key that says it, for messages.</param>
/// <param name="Settings">The form's settings; null where they cannot be read.</param>
internal sealed record QuantizationConfig(string? Form, string Source, JsonObject? Settings)
{
    // Files that quantising tools write beside the weights, and the key that names the form in each.
    private static readonly (string File, string Key)[] Files =
    [
        ("hf_quant_config.json", "quantization/quant_algo"), // NVIDIA's Model Optimizer
        ("quantize_config.json", "bits"), // AutoGPTQ
        ("quant_config.json", "w_bit"), // AutoAWQ, HQQ
        ("quanto_qmap.json", ""), // optimum-quanto
        ("mlx_quantization.json", ""),
    ];

    private static readonly string[] Keys = ["quantization_config", "compression_config", "quantization"];

    /// <summary>Looks for what says that a checkpoint is quantised; null if nothing does.</summary>
    /// <param name="checkpoint">The open checkpoint, as it is stored.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file beside the weights cannot be read.</exception>
    public static QuantizationConfig? Find(Checkpoint checkpoint)
    {
        IReadOnlyDictionary<string, byte[]> files = checkpoint.ReadSideFiles().Files;
        if (files.TryGetValue(ModelConfig.FileName, out byte[]? json) && JsonObjectFile.TryParse(json) is { } config)
        {
            foreach (JsonObject section in Sections(config))
            {
                foreach (string key in Keys)
                {
                    if (section[key] is JsonObject { Count: > 0 } form && !IsOff(form))
                        return new QuantizationConfig(NameOf(form), $"{ModelConfig.FileName}'s {key}", form);
                }
            }
        }

        foreach (var (file, key) in Files)
        {
            // These files do not go with a merged model, so that they are not among its side files.
            string path = Path.Combine(checkpoint.Folder, file);
            if (!files.TryGetValue(file, out byte[]? contents) && checkpoint.Folder.Length > 0 && ExistingFile.IsThere(path))
                contents = File.ReadAllBytes(path);
            if (contents is not null)
            {
                JsonObject? settings = JsonObjectFile.TryParse(contents);
                return new QuantizationConfig(Text(settings, key), file, settings);
            }
        }

        return null;
    }

    /// <summary>Removes what says that weights are quantised from a configuration.</summary>
    /// <param name="config">Contents of <c>config.json</c>.</param>
    /// <returns>The contents without it; the same ones where there is nothing to remove.</returns>
    public static byte[] Remove(byte[] config)
    {
        if (JsonObjectFile.TryParse(config) is not { } root)
            return config;
        bool isChanged = false;
        foreach (JsonObject section in Sections(root).ToArray())
        {
            foreach (string key in Keys.Where(key => section[key] is JsonObject))
                isChanged |= section.Remove(key);
        }

        return isChanged ? IndentedJson.Write(root) : config;
    }

    /// <summary>Returns a whole number of the settings; null if there is none under that key.</summary>
    public int? Number(string key) =>
        Settings?[key] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    /// <summary>Returns a text of the settings; null if there is none under that path of keys.</summary>
    public string? Text(string path) => Text(Settings, path);

    private static IEnumerable<JsonObject> Sections(JsonObject root) =>
        root.Select(pair => pair.Value).OfType<JsonObject>().Where(part => part.Count > 0).SelectMany(Sections).Prepend(root);

    // bitsandbytes leaves a configuration that quantises nothing in models that were loaded by it.
    private static bool IsOff(JsonObject form) =>
        form.ContainsKey("load_in_8bit") && form.ContainsKey("load_in_4bit")
        && !IsTrue(form["load_in_8bit"]) && !IsTrue(form["load_in_4bit"]);

    private static bool IsTrue(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool set) && set;

    private static string? NameOf(JsonObject form)
    {
        string? method = Text(form, "quant_method") ?? Text(form, "quant_algo");
        if (method is null && form["bits"] is { } bits)
            return $"{bits.ToJsonString()} bits";
        return method is "bitsandbytes" ? $"{method}, {(IsTrue(form["load_in_4bit"]) ? 4 : 8)} bits" : method;
    }

    private static string? Text(JsonObject? root, string path)
    {
        JsonNode? node = root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            node = (node as JsonObject)?[part];
        return node is JsonValue value ? value.ToString() : null;
    }
}
