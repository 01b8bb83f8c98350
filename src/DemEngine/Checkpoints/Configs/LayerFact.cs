using System.Text.Json.Nodes;

namespace DemEngine.Checkpoints.Configs;

/// <summary>One thing that a configuration says of each layer, such as whether it has experts.</summary>
/// <param name="Subject">
/// What it says: the same text for the same thing in another configuration that may say it in another way.
/// </param>
/// <param name="Keys">The keys that say it.</param>
/// <param name="Kinds">Each layer's kind as JSON.</param>
internal abstract record LayerFact(string Subject, IReadOnlyList<string> Keys, IReadOnlyList<string> Kinds)
{
    /// <summary>Whether another key says the same of each layer, so that this one need not be right.</summary>
    public bool IsSpare { get; init; }

    /// <summary>Returns the values of the keys with which layers have the given kinds; null if there are none.</summary>
    /// <param name="kinds">Kinds of the output's layers.</param>
    public abstract IReadOnlyDictionary<string, JsonNode>? Solve(IReadOnlyList<string> kinds);
}
