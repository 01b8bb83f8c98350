using System.Collections.Immutable;

namespace DemEngine.Search.Space;

/// <summary>The coefficients of one candidate: of each source, one for each layer group, or one alone where all groups have the same.</summary>
public sealed class Coefficients : IEquatable<Coefficients>
{
    /// <summary>Makes them.</summary>
    /// <param name="bySource">For each source its coefficients, rounded as <see cref="SearchPoint"/> rounds.</param>
    public Coefficients(IEnumerable<IEnumerable<double>> bySource)
    {
        BySource = [.. bySource.Select(values => Collapse(new SearchPoint(values).Coordinates))];
    }

    /// <summary>One coefficient for each source.</summary>
    public static Coefficients Of(params IEnumerable<double> values) => new(values.Select(value => new[] { value }));

    /// <summary>For each source: its one coefficient, or one for each group.</summary>
    public ImmutableArray<ImmutableArray<double>> BySource { get; }

    /// <summary>The same with all other sources' coefficients 0.</summary>
    /// <param name="sources">The indices of those that keep theirs.</param>
    public Coefficients Only(params ReadOnlySpan<int> sources)
    {
        var kept = new HashSet<int>([.. sources]);
        return new Coefficients(BySource.Select((values, k) => kept.Contains(k) ? values.AsEnumerable() : [0.0]));
    }

    /// <inheritdoc/>
    public bool Equals(Coefficients? other) =>
        other is not null && BySource.Length == other.BySource.Length
        && BySource.Zip(other.BySource).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Coefficients);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (double value in BySource.SelectMany(values => values))
            hash.Add(value);
        return hash.ToHashCode();
    }

    private static ImmutableArray<double> Collapse(ImmutableArray<double> values) =>
        values.Length > 1 && !values.AsSpan().ContainsAnyExcept(values[0]) ? [values[0]] : values;
}
