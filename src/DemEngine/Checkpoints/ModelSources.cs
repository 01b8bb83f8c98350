using System.Collections.Immutable;

namespace DemEngine.Checkpoints;

/// <summary>Models that are not files, by the names under which recipes refer to them.</summary>
public sealed class ModelSources
{
    private readonly ImmutableDictionary<string, IModelSource> _byName;

    private ModelSources(ImmutableDictionary<string, IModelSource> byName) => _byName = byName;

    /// <summary>No such models: every name in a recipe is a path.</summary>
    public static ModelSources None { get; } = new(ImmutableDictionary.Create<string, IModelSource>(StringComparer.Ordinal));

    /// <summary>These models and one more.</summary>
    /// <param name="name">
    /// The name in recipes, exactly as it is written there. It stands in for a path of the same spelling.
    /// </param>
    /// <param name="source">The model; used until the plan that read it is disposed.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public ModelSources With(string name, IModelSource source)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(source);
        return new ModelSources(_byName.Add(name, source));
    }

    /// <summary>Finds a model.</summary>
    /// <param name="name">The name in a recipe.</param>
    /// <returns>Null if there is none of that name.</returns>
    internal IModelSource? Find(string name) => _byName.GetValueOrDefault(name);
}
