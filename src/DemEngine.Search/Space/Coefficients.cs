using System.Collections.Immutable;

namespace DemEngine.Search.Space;

/// <summary>
/// The coefficients of one candidate: for each source one per layer group, or a single one where all groups have the same.
/// </summary>
public sealed class Coefficients : IEquatable<Coefficients>
{
    /// <summary>Makes the coefficients of a candidate.</summary>
    /// <param name="bySource">Coefficients of each source; they are rounded as <see cref="SearchPoint"/> rounds.</param>
    public Coefficients(IEnumerable<IEnumerable<double>> bySource)
    {
        BySource = [.. bySource.Select(values => Collapse(new SearchPoint(values).Coordinates))];
    }

    /// <summary>Makes coefficients with one value for each source.</summary>
    public static Coefficients Of(params IEnumerable<double> values) => new(values.Select(value => new[] { value }));

    /// <summary>Coefficients of each source: a single one, or one per layer group.</summary>
    public ImmutableArray<ImmutableArray<double>> BySource { get; }

    /// <summary>Returns these coefficients with those of all other sources set to 0.</summary>
    /// <param name="sources">Indices of the sources that keep their coefficients.</param>
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
