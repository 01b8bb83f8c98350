using System.Text.Json.Nodes;

namespace DemEngine.Checkpoints.Configs;

/// <summary>
/// The rules by which known architectures tell the kind of a layer from its number, as their programs in transformers read them.
/// </summary>
internal static class LayerRules
{
    private const string LayerTypes = "layer_types";
    private const string Sliding = "\"sliding_attention\"";
    private const string Linear = "\"linear_attention\"";
    private const string Full = "\"full_attention\"";

    /// <summary>
    /// Every how many layers one has full attention where the configuration does not say, by <c>model_type</c>.
    /// </summary>
    private static readonly Dictionary<string, (int Period, string Other)> ImpliedTypes = new(StringComparer.Ordinal)
    {
        ["gemma2"] = (2, Sliding),
        ["vaultgemma"] = (2, Sliding),
        ["gpt_oss"] = (2, Sliding),
        ["gemma3"] = (6, Sliding),
        ["gemma3_text"] = (6, Sliding),
        ["gemma3n"] = (5, Sliding),
        ["gemma3n_text"] = (5, Sliding),
        ["gemma4"] = (6, Sliding),
        ["gemma4_text"] = (6, Sliding),
        ["cohere2"] = (4, Sliding),
        ["olmo3"] = (4, Sliding),
        ["exaone4"] = (4, Sliding),
        ["qwen3_next"] = (4, Linear),
        ["qwen3_5_text"] = (4, Linear),
        ["qwen3_5_moe_text"] = (4, Linear),
    };

    private static readonly string[] ImpliedRope = ["llama4", "llama4_text", "smollm3"];

    private static readonly string[] FirstLayers = ["num_dense_layers", "n_dense_layers", "num_hash_layers"];

    /// <summary>Returns what the keys of a section say by known rules.</summary>
    /// <param name="section">Section of a configuration.</param>
    /// <param name="count">Number of layers.</param>
    /// <param name="modelType">The section's <c>model_type</c>, or the whole configuration's.</param>
    /// <param name="isMain">Whether the section is the one that describes the layers, for what is implied.</param>
    public static IEnumerable<LayerFact> In(JsonObject section, int count, string modelType, bool isMain)
    {
        LayerFact?[] facts =
        [
            Period(section, count, "attn_layer_period", "attn_layer_offset"),
            Period(section, count, "expert_layer_period", "expert_layer_offset"),
            SparseStep(section, count, modelType),
            FirstDense(section, count),
            MoeRange(section, count),
            Types(section, count, modelType, isMain),
            Windows(section, count),
            SharedCaches(section, count),
            GlobalEvery(section, count, modelType),
            MoeStep(section, count),
            Rope(section, count, modelType, isMain),
            AttentionTypes(section, count),
            .. FirstLayers.Select(key => First(section, count, key)),
        ];
        return facts.OfType<LayerFact>();
    }

    /// <summary>Returns a whole number of a section; null if the key is not there or is something else.</summary>
    public static int? Number(JsonObject section, string key) =>
        section[key] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    /// <summary>Whether a section has a list with an item for each layer.</summary>
    private static bool HasList(JsonObject section, string key, int count) =>
        section[key] is JsonArray list && list.Count >= count && count > 0;

    private static string Is(bool condition) => condition ? "true" : "false";

    private static Dictionary<string, JsonNode> Values(params (string Key, JsonNode Value)[] values) =>
        values.ToDictionary(value => value.Key, value => value.Value, StringComparer.Ordinal);

    private static JsonArray Numbers(IEnumerable<int> numbers) => new([.. numbers.Select(number => (JsonNode)number)]);

    private static IEnumerable<int> Having(IReadOnlyList<string> kinds, string kind) =>
        Enumerable.Range(0, kinds.Count).Where(layer => kinds[layer] == kind);

    /// <summary>Looks for the first candidate by which every layer has its kind.</summary>
    private static T? Search<T>(IReadOnlyList<string> kinds, IEnumerable<T> candidates, Func<T, int, string> rule)
        where T : struct =>
        candidates.Where(one => Enumerable.Range(0, kinds.Count).All(layer => rule(one, layer) == kinds[layer]))
            .Select(one => (T?)one).FirstOrDefault();

    private static IEnumerable<int> Periods(IReadOnlyList<string> kinds) => Enumerable.Range(1, kinds.Count + 1);

    private static IEnumerable<int> Bounds(IReadOnlyList<string> kinds) => Enumerable.Range(0, kinds.Count + 1);

    private static RuleFact? Period(JsonObject section, int count, string periodKey, string offsetKey)
    {
        if (Number(section, periodKey) is not > 0)
            return null;
        int period = Number(section, periodKey)!.Value, offset = Number(section, offsetKey) ?? 0;
        return new RuleFact(
            periodKey,
            [periodKey, offsetKey],
            count,
            (layer, _) => Is(layer % period == offset),
            kinds => Search(
                kinds,
                Enumerable.Range(1, kinds.Count + 1).SelectMany(p => Enumerable.Range(0, p).Select(o => (Period: p, Offset: o))),
                (one, layer) => Is(layer % one.Period == one.Offset)) is { } found
                    ? Values((periodKey, found.Period), (offsetKey, found.Offset))
                    : null);
    }

    /// <summary>
    /// Every so many layers one has experts, except those that <c>mlp_only_layers</c> names, as in Qwen's models.
    /// </summary>
    private static RuleFact? SparseStep(JsonObject section, int count, string modelType)
    {
        const string StepKey = "decoder_sparse_step", DenseKey = "mlp_only_layers";
        if (Number(section, StepKey) is not > 0)
            return null;
        int step = Number(section, StepKey)!.Value;
        int[] dense = section[DenseKey] is JsonArray list
            ? [.. list.Select(item => item is JsonValue value && value.TryGetValue(out int layer) ? layer : -1)]
            : [];
        bool takesList = section[DenseKey] is JsonArray || modelType.StartsWith("qwen", StringComparison.Ordinal);
        return new RuleFact(
            StepKey,
            takesList ? [StepKey, DenseKey] : [StepKey],
            count,
            (layer, _) => Is((layer + 1) % step == 0 && !dense.Contains(layer)),
            kinds =>
            {
                if (!takesList)
                    return Search(kinds, Periods(kinds), (one, layer) => Is((layer + 1) % one == 0)) is { } found
                        ? Values((StepKey, found))
                        : null;
                int same = Having(kinds, "true").All(layer => (layer + 1) % step == 0) ? step : 1;
                IEnumerable<int> exceptions = Having(kinds, "false").Where(layer => (layer + 1) % same == 0);
                return Values((StepKey, same), (DenseKey, Numbers(exceptions)));
            });
    }

    private static RuleFact? FirstDense(JsonObject section, int count)
    {
        const string FirstKey = "first_k_dense_replace", EveryKey = "moe_layer_freq";
        if (Number(section, FirstKey) is not { } first || section[EveryKey] is JsonArray)
            return null;
        int every = Math.Max(1, Number(section, EveryKey) ?? 1);
        return new RuleFact(
            FirstKey,
            [FirstKey, EveryKey],
            count,
            (layer, _) => Is(layer >= first && layer % every == 0),
            kinds => Search(
                kinds,
                Enumerable.Range(0, kinds.Count + 1).Select(k => (First: k, Every: every))
                    .Concat(Enumerable.Range(1, kinds.Count)
                        .SelectMany(e => Enumerable.Range(0, kinds.Count + 1).Select(k => (First: k, Every: e)))),
                (one, layer) => Is(layer >= one.First && layer % one.Every == 0)) is { } found
                    ? section.ContainsKey(EveryKey) || found.Every != 1
                        ? Values((FirstKey, found.First), (EveryKey, found.Every))
                        : Values((FirstKey, found.First))
                    : null)
        {
            IsSpare = HasList(section, "mlp_layer_types", count),
        };
    }

    /// <summary>Layers with experts from a first to a last one, as in Ernie 4.5.</summary>
    private static RuleFact? MoeRange(JsonObject section, int count)
    {
        const string StartKey = "moe_layer_start_index", EndKey = "moe_layer_end_index", EveryKey = "moe_layer_interval";
        if (Number(section, StartKey) is not { } start)
            return null;
        int end = Number(section, EndKey) ?? -1, every = Math.Max(1, Number(section, EveryKey) ?? 1);
        static string Rule(int layer, int start, int end, int every) =>
            Is((layer + 1) % every == 0 && layer >= start && layer <= end);
        return new RuleFact(
            StartKey,
            [StartKey, EndKey, EveryKey],
            count,
            (layer, all) => Rule(layer, start, end < 0 ? all - 1 : end, every),
            kinds =>
            {
                int[] sparse = [.. Having(kinds, "true")];
                if (sparse.Length == 0)
                    return null;
                return Search(
                    kinds,
                    Enumerable.Range(1, kinds.Count).Prepend(every),
                    (one, layer) => Rule(layer, sparse[0], sparse[^1], one)) is { } found
                        ? Values((StartKey, sparse[0]), (EndKey, sparse[^1]), (EveryKey, found))
                        : null;
            })
        {
            IsSpare = HasList(section, "mlp_layer_types", count),
        };
    }

    /// <summary>
    /// Which layers have full attention, where no list says it. What no period can say is written as <c>layer_types</c>, which
    /// transformers reads for all of these.
    /// </summary>
    private static RuleFact? Types(JsonObject section, int count, string modelType, bool isMain)
    {
        bool isImplied = isMain && ImpliedTypes.ContainsKey(modelType);
        string? key = new[] { "full_attention_interval", "sliding_window_pattern" }.FirstOrDefault(section.ContainsKey);
        (int period, string other) = ImpliedTypes.GetValueOrDefault(
            modelType, (0, key == "full_attention_interval" ? Linear : Sliding));
        if (key is not null && section[key] is JsonValue pattern && pattern.TryGetValue(out string? text) && text.Length > 0)
        {
            return new RuleFact(
                LayerTypes, [key], count, (layer, _) => text[layer % text.Length] == 'G' ? Full : Sliding, ToTypes)
            {
                IsSpare = HasList(section, LayerTypes, count),
            };
        }

        period = key is null ? period : Number(section, key) ?? period;
        if (period <= 0 || (key is null && (!isImplied || HasList(section, LayerTypes, count))))
            return null;
        return new RuleFact(
            LayerTypes,
            key is null ? [] : [key],
            count,
            (layer, _) => (layer + 1) % period == 0 ? Full : other,
            kinds => key is not null && Search(
                    kinds, Periods(kinds), (one, layer) => (layer + 1) % one == 0 ? Full : other) is { } found
                ? Values((key, found))
                : ToTypes(kinds))
        {
            IsSpare = HasList(section, LayerTypes, count),
        };

        static Dictionary<string, JsonNode> ToTypes(IReadOnlyList<string> kinds) =>
            Values((LayerTypes, new JsonArray([.. kinds.Select(kind => JsonNode.Parse(kind))])));
    }

    /// <summary>Qwen's windows in all layers from one on, if they are used at all.</summary>
    private static RuleFact? Windows(JsonObject section, int count)
    {
        const string Key = "max_window_layers";
        if (Number(section, Key) is not { } first
            || section["use_sliding_window"] is not JsonValue used || !used.TryGetValue(out bool isUsed) || !isUsed)
            return null;
        return new RuleFact(
            LayerTypes,
            [Key],
            count,
            (layer, _) => layer >= first ? Sliding : Full,
            kinds => Search(kinds, Bounds(kinds), (one, layer) => layer >= one ? Sliding : Full) is { } found
                ? Values((Key, found))
                : Values((LayerTypes, new JsonArray([.. kinds.Select(kind => JsonNode.Parse(kind))]))))
        {
            IsSpare = HasList(section, LayerTypes, count),
        };
    }

    /// <summary>The last layers of Gemma 3n and 4 take keys and values from earlier ones.</summary>
    private static RuleFact? SharedCaches(JsonObject section, int count)
    {
        const string Key = "num_kv_shared_layers";
        if (Number(section, Key) is not { } shared)
            return null;
        return new RuleFact(
            Key,
            [Key],
            count,
            (layer, all) => Is(layer >= all - shared),
            kinds => Search(kinds, Bounds(kinds), (one, layer) => Is(layer >= kinds.Count - one)) is { } found
                ? Values((Key, found))
                : null);
    }

    private static RuleFact? GlobalEvery(JsonObject section, int count, string modelType)
    {
        const string Key = "global_attn_every_n_layers";
        if (Number(section, Key) is not > 0)
            return null;
        int every = Number(section, Key)!.Value;
        int shift = modelType.Contains("modernbert", StringComparison.Ordinal) ? 0 : 1;
        return new RuleFact(
            LayerTypes,
            [Key],
            count,
            (layer, _) => (layer + shift) % every == 0 ? Full : Sliding,
            kinds => Search(
                kinds, Periods(kinds), (one, layer) => (layer + shift) % one == 0 ? Full : Sliding) is { } found
                    ? Values((Key, found))
                    : null)
        {
            IsSpare = HasList(section, LayerTypes, count),
        };
    }

    /// <summary>Every so many layers of Llama 4 one has experts, unless <c>moe_layers</c> names them.</summary>
    private static RuleFact? MoeStep(JsonObject section, int count)
    {
        const string Key = "interleave_moe_layer_step", ListKey = "moe_layers";
        if (Number(section, Key) is not > 0)
            return null;
        int step = Number(section, Key)!.Value;
        return new RuleFact(
            ListKey,
            [Key],
            count,
            (layer, _) => Is((layer + 1) % step == 0),
            kinds => Values((ListKey, Numbers(Having(kinds, "true")))))
        {
            IsSpare = section[ListKey] is JsonArray,
        };
    }

    /// <summary>Layers without rotary positions, at an interval unless a list says which.</summary>
    private static RuleFact? Rope(JsonObject section, int count, string modelType, bool isMain)
    {
        const string Key = "no_rope_layer_interval", ListKey = "no_rope_layers";
        bool isImplied = isMain && ImpliedRope.Contains(modelType, StringComparer.Ordinal);
        int every = Number(section, Key) ?? (isImplied ? 4 : 0);
        bool hasList = HasList(section, ListKey, count);
        if (every <= 0 || (hasList && !section.ContainsKey(Key)))
            return null;
        return new RuleFact(
            ListKey,
            section[ListKey] is JsonArray && !hasList ? [Key, ListKey] : [Key],
            count,
            (layer, _) => (layer + 1) % every == 0 ? "0" : "1",
            kinds => Values((ListKey, new JsonArray([.. kinds.Select(kind => JsonNode.Parse(kind))]))))
        {
            IsSpare = hasList,
        };
    }

    /// <summary>GPT-Neo's lists of kinds with the number of times that each is repeated.</summary>
    private static RuleFact? AttentionTypes(JsonObject section, int count)
    {
        const string Key = "attention_types";
        if (section[Key] is not JsonArray runs)
            return null;
        var kinds = new List<string>();
        foreach (JsonNode? run in runs)
        {
            if (run is not JsonArray { Count: 2 } pair || pair[0] is not JsonArray names || pair[1] is not JsonValue value
                || !value.TryGetValue(out int times) || times < 0 || times > count)
                return null;
            for (int k = 0; k < times; k++)
                kinds.AddRange(names.Select(name => name?.ToJsonString() ?? "null"));
        }

        return kinds.Count != count ? null : new RuleFact(
            Key,
            [Key],
            count,
            (layer, all) => all == count ? kinds[layer] : "",
            wanted => Values(
                (Key, new JsonArray(new JsonArray(new JsonArray([.. wanted.Select(kind => JsonNode.Parse(kind))]), 1)))));
    }

    private static RuleFact? First(JsonObject section, int count, string key)
    {
        if (Number(section, key) is not { } first)
            return null;
        return new RuleFact(
            key,
            [key],
            count,
            (layer, _) => Is(layer < first),
            kinds => Search(kinds, Bounds(kinds), (one, layer) => Is(layer < one)) is { } found
                ? Values((key, found))
                : null)
        {
            IsSpare = HasList(section, "mlp_layer_types", count),
        };
    }
}
