using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Settings of an adapter in the header of its file, where diffusers writes PEFT's for each model of a pipeline
/// (<c>lora_adapter_metadata</c>, with keys such as <c>unet.lora_alpha</c>).
/// </summary>
internal sealed class AdapterMetadata
{
    private const string Key = "lora_adapter_metadata";

    private readonly Dictionary<string, AdapterConfig> _ofComponents = new(StringComparer.Ordinal);

    /// <summary>Reads the settings; none where the header has none.</summary>
    /// <param name="adapter">The open file.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter), DEM2049 (UnknownAdapter).</exception>
    public static AdapterMetadata Read(Checkpoint adapter)
    {
        var metadata = new AdapterMetadata();
        if (!adapter.Metadata.TryGetValue(Key, out string? text)
            || JsonObjectFile.TryParse(Encoding.UTF8.GetBytes(text)) is not { } settings)
            return metadata;
        foreach (IGrouping<string, KeyValuePair<string, JsonNode?>> component in settings
            .Where(pair => pair.Key.Contains('.', StringComparison.Ordinal))
            .GroupBy(pair => pair.Key[..pair.Key.IndexOf('.')], StringComparer.Ordinal))
        {
            var own = new JsonObject();
            foreach (var (key, value) in component)
                own[key[(component.Key.Length + 1)..]] = value?.DeepClone();
            metadata._ofComponents.Add(component.Key, AdapterConfig.Of($"{adapter.Path}: {Key}", own));
        }

        return metadata;
    }

    /// <summary>Returns the settings that hold for a module; null where none are given.</summary>
    public AdapterConfig? ConfigOf(string module) => _ofComponents
        .FirstOrDefault(pair => module.StartsWith($"{pair.Key}.", StringComparison.Ordinal)).Value;
}
