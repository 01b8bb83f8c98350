using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Adapters;

/// <summary>What the <c>adapter_config.json</c> of a written adapter says.</summary>
/// <param name="Base">Path of the model that the adapter belongs to.</param>
/// <param name="Rank">Rank of the factors where <see cref="Ranks"/> states no other.</param>
/// <param name="Alpha">The number α: the product is multiplied by α/r.</param>
/// <param name="Targets">Names of the modules that are changed, whole or their ends.</param>
internal sealed record AdapterSettings(string Base, int Rank, double Alpha, IReadOnlyList<string> Targets)
{
    /// <summary>
    /// Ranks of modules that have another one; their α is the same number, so that their products are not scaled.
    /// </summary>
    public IReadOnlyDictionary<string, int> Ranks { get; init; } = new Dictionary<string, int>();

    /// <summary>Modules that are saved whole.</summary>
    public IReadOnlyList<string> Saved { get; init; } = [];

    /// <summary>Whether changed biases are saved.</summary>
    public bool HasBiases { get; init; }

    /// <summary>Returns the contents of the file.</summary>
    public byte[] ToJson()
    {
        JsonObject Pattern() => new(Ranks.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        var root = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = Base,
            ["r"] = Rank,
            ["lora_alpha"] = Alpha == Math.Floor(Alpha) && Math.Abs(Alpha) < int.MaxValue ? JsonValue.Create((int)Alpha) : Alpha,
            ["rank_pattern"] = Pattern(),
            ["alpha_pattern"] = Pattern(),
            ["lora_dropout"] = 0.0,
            ["target_modules"] = new JsonArray([.. Targets.Select(name => JsonValue.Create(name))]),
            ["modules_to_save"] = Saved.Count == 0 ? null : new JsonArray([.. Saved.Select(name => JsonValue.Create(name))]),
            ["bias"] = HasBiases ? "all" : "none",
            ["fan_in_fan_out"] = false,
            ["use_rslora"] = false,
            ["use_dora"] = false,
            ["init_lora_weights"] = true,
            ["inference_mode"] = true,
        };
        return IndentedJson.Write(root, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
    }
}
