using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Merging.Planning;

/// <summary>
/// Finds what two models' <c>config.json</c> say differently about how their tensors are computed with. Tensors of equal shapes
/// can be merged all the same, but the output can have only one of the two, so the user should know.
/// </summary>
internal static class ConfigDifferences
{
    private const int LongestValue = 80;
    private const string RopeTheta = "rope_theta";
    private const string RopeScaling = "rope_scaling";

    // transformers 5 keeps both of the above in this object.
    private const string RopeParameters = "rope_parameters";


    // The kind of the model comes first, since it explains the others.
    private static readonly string[] Keys =
    [
        "model_type",
        "architectures",
        "hidden_act",
        "hidden_activation",
        "activation_function",
        RopeTheta,
        RopeScaling,
        "partial_rotary_factor",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "sliding_window",
        "use_sliding_window",
        "layer_types",
        "num_experts_per_tok",
        "norm_topk_prob",
        "scoring_func",
        "routed_scaling_factor",
        "rms_norm_eps",
        "layer_norm_eps",
        "layer_norm_epsilon",
        "attn_logit_softcapping",
        "final_logit_softcapping",
        "query_pre_attn_scalar",
        "embedding_multiplier",
        "attention_multiplier",
        "residual_multiplier",
        "logits_scaling",
    ];

    // Leaving one of these out says the same as null.
    private static readonly string[] NothingByDefault = [RopeScaling, "sliding_window"];

    /// <summary>Describes the differences of models' configurations from the base's, one text for each that differs.</summary>
    /// <param name="baseName">Name of the base, whose configuration the output has.</param>
    /// <param name="baseFiles">Side files of the base.</param>
    /// <param name="others">Names and side files of the other models.</param>
    public static IEnumerable<string> Of(
        string baseName,
        IReadOnlyDictionary<string, byte[]> baseFiles,
        IEnumerable<(string Name, IReadOnlyDictionary<string, byte[]> Files)> others)
    {
        if (Read(baseFiles) is not { } ofBase)
            yield break;
        foreach (var (name, files) in others)
        {
            if (Read(files) is not { } other)
                continue;
            string[] found = [.. Compare(ofBase, other, "")];
            if (found.Length > 0)
                yield return $"{ModelConfig.FileName} of {Quoted.Name(name)} is unlike that of {Quoted.Name(baseName)}, "
                    + $"which the output has: {string.Join("; ", found)}";
        }
    }

    private static IEnumerable<string> Compare(JsonObject ofBase, JsonObject other, string section)
    {
        foreach (string key in Keys)
        {
            var (mine, isMine) = ValueOf(ofBase, key);
            var (its, isIts) = ValueOf(other, key);
            bool isComparable = (isMine && isIts) || NothingByDefault.Contains(key);
            if (isComparable && !IsSame(mine, its))
                yield return $"{section}{key} is {Text(its)} and not {Text(mine)}";
        }

        foreach (var (key, node) in ofBase)
        {
            // The sections of a model with several parts, such as text_config and vision_config.
            if (node is JsonObject mine && other[key] is JsonObject its && key is not (RopeScaling or RopeParameters))
            {
                foreach (string difference in Compare(mine, its, $"{section}{key}."))
                    yield return difference;
            }
        }
    }

    private static (JsonNode? Value, bool IsGiven) ValueOf(JsonObject section, string key)
    {
        var rope = section[RopeParameters] as JsonObject;
        return key switch
        {
            RopeTheta when !section.ContainsKey(key) && rope is not null => (rope[RopeTheta], rope.ContainsKey(RopeTheta)),
            RopeScaling => (Scaling(section[RopeScaling] as JsonObject ?? rope), section.ContainsKey(key) || rope is not null),
            _ => (section[key], section.ContainsKey(key)),
        };
    }

    /// <summary>Returns how positions are scaled, in one spelling; null for not at all.</summary>
    private static JsonObject? Scaling(JsonObject? given)
    {
        if (given is null || (given["rope_type"] ?? given["type"]) is not { } type)
            return given?.Count > 0 && !given.ContainsKey(RopeTheta) ? given : null;
        if (type.ToJsonString() == "\"default\"")
            return null;
        var scaling = (JsonObject)given.DeepClone();
        foreach (string key in new[] { RopeTheta, "type", "rope_type" })
            scaling.Remove(key);
        scaling["rope_type"] = type.DeepClone();
        return scaling;
    }

    private static bool IsSame(JsonNode? first, JsonNode? second) => (first, second) switch
    {
        (JsonObject a, JsonObject b) =>
            a.Count == b.Count && a.All(pair => b.ContainsKey(pair.Key) && IsSame(pair.Value, b[pair.Key])),
        (JsonArray a, JsonArray b) => a.Count == b.Count && a.Zip(b).All(pair => IsSame(pair.First, pair.Second)),
        (JsonValue a, JsonValue b) when a.GetValueKind() == JsonValueKind.Number && b.GetValueKind() == JsonValueKind.Number =>
            a.GetValue<double>().Equals(b.GetValue<double>()),
        _ => JsonEquality.AreEqual(first, second),
    };

    private static string Text(JsonNode? value)
    {
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= LongestValue ? text : text[..LongestValue] + "…";
    }

    private static JsonObject? Read(IReadOnlyDictionary<string, byte[]> files)
    {
        try
        {
            return files.TryGetValue(ModelConfig.FileName, out byte[]? json)
                ? StrictJson.ParseNode(json) as JsonObject
                : null;
        }
        catch (JsonException)
        {
            // Only the base's is used, and whoever uses it refuses it.
            return null;
        }
    }
}
