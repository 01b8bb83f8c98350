using System.Text.Json.Nodes;

namespace DemEngine.Checkpoints.Configs;

/// <summary>
/// A rule that gives each layer its kind from its number, such as a period and an offset: values are kept if they fit the
/// output's layers, else others are looked for.
/// </summary>
/// <param name="Subject">See <see cref="LayerFact"/>.</param>
/// <param name="Keys">See <see cref="LayerFact"/>.</param>
/// <param name="Count">Number of layers of the model.</param>
/// <param name="Rule">Kind of a layer by its number and the number of layers.</param>
/// <param name="Other">Other values for given kinds, or null; values that are unchanged may be left out.</param>
internal sealed record RuleFact(
    string Subject,
    IReadOnlyList<string> Keys,
    int Count,
    Func<int, int, string> Rule,
    Func<IReadOnlyList<string>, IReadOnlyDictionary<string, JsonNode>?> Other)
    : LayerFact(Subject, Keys, [.. Enumerable.Range(0, Count).Select(layer => Rule(layer, Count))])
{
    public override IReadOnlyDictionary<string, JsonNode>? Solve(IReadOnlyList<string> kinds) =>
        Enumerable.Range(0, kinds.Count).All(layer => kinds[layer] == Rule(layer, kinds.Count))
            ? new Dictionary<string, JsonNode>()
            : Other(kinds);
}
