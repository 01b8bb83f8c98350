using System.Text.Json.Nodes;

namespace DemEngine.Checkpoints.Configs;

/// <summary>A list with one item for each layer, such as <c>layer_types</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Items">Items of the layers as JSON.</param>
/// <param name="Behind">Items behind those of the layers, for multi-token prediction.</param>
internal sealed record ListFact(string Key, IReadOnlyList<string> Items, IReadOnlyList<string> Behind)
    : LayerFact(Key, [Key], Items)
{
    public override IReadOnlyDictionary<string, JsonNode> Solve(IReadOnlyList<string> kinds) => new Dictionary<string, JsonNode>
    {
        [Key] = new JsonArray([.. kinds.Concat(Behind).Select(kind => JsonNode.Parse(kind))]),
    };
}

/// <summary>A text with one letter for each layer, such as <c>hybrid_override_pattern</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Text">The text.</param>
internal sealed record TextFact(string Key, string Text)
    : LayerFact(Key, [Key], [.. Text.Select(letter => letter.ToString())])
{
    public override IReadOnlyDictionary<string, JsonNode> Solve(IReadOnlyList<string> kinds) =>
        new Dictionary<string, JsonNode> { [Key] = JsonValue.Create(string.Concat(kinds)) };
}

/// <summary>A list of the numbers of some layers, such as <c>attn_layer_indices</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Layers">Numbers of the layers.</param>
/// <param name="Count">Number of all layers.</param>
internal sealed record IndexFact(string Key, IReadOnlyCollection<int> Layers, int Count)
    : LayerFact(Key, [Key], [.. Enumerable.Range(0, Count).Select(layer => Layers.Contains(layer) ? "true" : "false")])
{
    public override IReadOnlyDictionary<string, JsonNode> Solve(IReadOnlyList<string> kinds) => new Dictionary<string, JsonNode>
    {
        [Key] = new JsonArray(
            [.. Enumerable.Range(0, kinds.Count).Where(layer => kinds[layer] == "true").Select(layer => (JsonNode)layer)]),
    };
}

/// <summary>An object with the numbers of some layers as keys, such as <c>pruned_heads</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Values">Values as JSON by the number of the layer.</param>
/// <param name="Count">Number of all layers.</param>
internal sealed record ObjectFact(string Key, IReadOnlyDictionary<int, string> Values, int Count)
    : LayerFact(Key, [Key], [.. Enumerable.Range(0, Count).Select(layer => Values.GetValueOrDefault(layer, ""))])
{
    public override IReadOnlyDictionary<string, JsonNode> Solve(IReadOnlyList<string> kinds) => new Dictionary<string, JsonNode>
    {
        [Key] = new JsonObject(
            Enumerable.Range(0, kinds.Count).Where(layer => kinds[layer].Length > 0)
                .Select(layer => KeyValuePair.Create(FormattableString.Invariant($"{layer}"), JsonNode.Parse(kinds[layer])))),
    };
}
