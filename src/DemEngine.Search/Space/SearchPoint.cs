using System.Collections.Immutable;
using System.Globalization;

namespace DemEngine.Search.Space;

/// <summary>
/// One choice of all coefficients. They are rounded to six decimals, so that recipes are readable and a trial is recognised when
/// it is asked for again. Nothing is lost by it, since coefficients are used in binary32, which has about seven digits.
/// </summary>
public sealed class SearchPoint : IEquatable<SearchPoint>
{
    /// <summary>Minimum difference between two values of a coefficient.</summary>
    public const double Resolution = 1e-6;

    private const int Decimals = 6;

    /// <summary>Makes a point.</summary>
    /// <param name="coordinates">Coordinates, one finite number for each dimension.</param>
    public SearchPoint(params IEnumerable<double> coordinates)
    {
        // Adding 0 turns −0, which would be printed as another value, into 0.
        Coordinates = [.. coordinates.Select(value => double.IsFinite(value)
            ? Math.Round(value, Decimals) + 0.0
            : throw new ArgumentException("A coefficient is a finite number.", nameof(coordinates)))];
    }

    /// <summary>Coordinates, one for each dimension.</summary>
    public ImmutableArray<double> Coordinates { get; }

    /// <summary>Number of dimensions.</summary>
    public int Length => Coordinates.Length;

    /// <summary>The coordinate in one dimension.</summary>
    public double this[int dimension] => Coordinates[dimension];

    /// <summary>Returns this point with one coordinate changed.</summary>
    public SearchPoint With(int dimension, double value) => new(Coordinates.SetItem(dimension, value));

    /// <inheritdoc/>
    public bool Equals(SearchPoint? other) => other is not null && Coordinates.AsSpan().SequenceEqual(other.Coordinates.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SearchPoint);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (double value in Coordinates)
            hash.Add(value);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"({string.Join(", ", Coordinates.Select(value => value.ToString(CultureInfo.InvariantCulture)))})";
}
