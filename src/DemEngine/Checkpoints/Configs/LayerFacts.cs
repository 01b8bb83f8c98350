using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Configs;

/// <summary>Everything that one section of a configuration says of single layers.</summary>
internal sealed class LayerFacts
{
    private readonly List<LayerFact> _facts;
    private readonly List<string> _unknown = [];
    private readonly JsonObject _section;
    private readonly int _count;
    private readonly int _predictionLayers;

    /// <param name="section">The section.</param>
    /// <param name="count">Number of layers of the stack.</param>
    /// <param name="predictionLayers">Number of layers for multi-token prediction behind them.</param>
    /// <param name="modelType">The section's <c>model_type</c>, or the whole configuration's.</param>
    /// <param name="isMain">Whether this is the section that describes the stack most closely.</param>
    /// <param name="isOfStack">Tells whether a key is about this stack rather than another.</param>
    public LayerFacts(
        JsonObject section, int count, int predictionLayers, string modelType, bool isMain, Func<string, bool> isOfStack)
    {
        _section = section;
        _count = count;
        _predictionLayers = predictionLayers;
        _facts = [.. LayerRules.In(section, count, modelType, isMain).Where(fact => fact.Keys.All(isOfStack))];
        HashSet<string> known = [.. _facts.SelectMany(fact => fact.Keys)];
        foreach (var (key, value) in section)
        {
            if (known.Contains(key) || !isOfStack(key) || UnknownRule.IsOther(key))
                continue;
            switch (value)
            {
                case JsonArray list:
                    AddList(key, list);
                    break;
                case JsonObject numbered when UnknownRule.IsByNumber(key) && NumbersOf(numbered) is { } values:
                    _facts.Add(new ObjectFact(key, values, count));
                    break;
                case JsonObject nested when !ModelConfig.IsSection(key, nested) && nested.Any(one =>
                    one.Value is JsonArray list && UnknownRule.NamesLayers(one.Key) && UnknownRule.MayName(list, count)):
                    _unknown.Add(key);
                    break;
                case JsonValue text when text.TryGetValue(out string? letters) && letters.Length == count
                    && key.Contains("pattern", StringComparison.Ordinal):
                    _facts.Add(new TextFact(key, letters));
                    break;
                case JsonValue number when number.TryGetValue(out int _) && UnknownRule.Governs(key):
                    _unknown.Add(key);
                    break;
            }
        }
    }

    /// <summary>What is said by lists and known rules.</summary>
    public IReadOnlyList<LayerFact> All => _facts;

    /// <summary>Keys by which the kinds of layers follow from their numbers in a way that is not known.</summary>
    public IReadOnlyList<string> Unknown => _unknown;

    /// <summary>Returns the fact of a subject; null if there is none.</summary>
    public LayerFact? Find(string subject) =>
        _facts.FirstOrDefault(fact => fact.Subject == subject && !fact.IsSpare);

    /// <summary>
    /// Whether a key with an unknown rule is there with the same value and gives a layer the same kind elsewhere.
    /// </summary>
    /// <param name="key">One of another section's <see cref="Unknown"/> keys.</param>
    /// <param name="value">The other section's value.</param>
    /// <param name="layer">Number of the layer here.</param>
    /// <param name="place">Number of the layer in the output.</param>
    public bool IsSame(string key, JsonNode? value, int layer, int place) =>
        JsonEquality.AreEqual(_section[key], value)
        && (layer == place || (value is JsonValue number && number.TryGetValue(out int rule)
            && UnknownRule.IsSame(key, rule, layer, place)));

    private void AddList(string key, JsonArray list)
    {
        int[]? numbers = list.All(item => item is JsonValue value && value.TryGetValue(out int _))
            ? [.. list.Select(item => item!.GetValue<int>()).Select(number => number < 0 ? number + _count : number)]
            : null;
        bool isIndex = numbers is not null && key != "no_rope_layers" && UnknownRule.NamesLayers(key)
            && numbers.Distinct().Count() == numbers.Length
            && (list.Count < _count || numbers.Order().SequenceEqual(numbers));
        if (isIndex && numbers!.All(number => number >= 0 && number < _count))
            _facts.Add(new IndexFact(key, numbers!, _count));
        else if (isIndex && UnknownRule.MayName(list, _count))
            _unknown.Add(key);
        else if ((_count > 1 || UnknownRule.IsByNumber(key) || key.Contains("pattern", StringComparison.Ordinal))
            && (list.Count == _count || list.Count == _count + _predictionLayers))
            _facts.Add(new ListFact(key, [.. list.Take(_count).Select(Json)], [.. list.Skip(_count).Select(Json)]));
        else if (list.Count > 0 && key.EndsWith("block_types", StringComparison.Ordinal))
            _facts.Add(Cycle(key, [.. list.Select(Json)]));
    }

    /// <summary>A list that begins anew where it ends, as RecurrentGemma's <c>block_types</c>.</summary>
    private RuleFact Cycle(string key, string[] items) => new(
        key,
        [key],
        _count,
        (layer, _) => items[layer % items.Length],
        kinds => new Dictionary<string, JsonNode> { [key] = new JsonArray([.. kinds.Select(kind => JsonNode.Parse(kind))]) });

    private Dictionary<int, string>? NumbersOf(JsonObject numbered)
    {
        var values = new Dictionary<int, string>();
        foreach (var (key, value) in numbered)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) || layer >= _count)
                return null;
            values.Add(layer, Json(value));
        }

        return values.Count > 0 ? values : null;
    }

    private static string Json(JsonNode? node) => node?.ToJsonString() ?? "null";
}
