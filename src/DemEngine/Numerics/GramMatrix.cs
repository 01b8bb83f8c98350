namespace DemEngine.Numerics;

/// <summary>
/// Matrix of all pairwise dot products of a few long vectors, in double. Distances, angles and most merge coefficients follow
/// from it.
/// </summary>
public sealed class GramMatrix
{
    private readonly double[] _upper;

    /// <summary>Creates a matrix of zeros.</summary>
    /// <param name="order">Number of vectors.</param>
    public GramMatrix(int order)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(order);
        Order = order;
        _upper = new double[PairCount(order)];
    }

    /// <summary>Creates a matrix from given products.</summary>
    /// <param name="order">Number of vectors.</param>
    /// <param name="upper">Products ⟨vᵢ, vⱼ⟩ for i ≤ j, in the order of <see cref="Upper"/>.</param>
    public static GramMatrix Of(int order, ReadOnlySpan<double> upper)
    {
        var gram = new GramMatrix(order);
        gram.Add(upper);
        return gram;
    }

    /// <summary>Number of vectors.</summary>
    public int Order { get; }

    /// <summary>The products ⟨vᵢ, vⱼ⟩ for i ≤ j, row after row.</summary>
    public Span<double> Upper => _upper;

    /// <summary>The dot product of vectors <paramref name="i"/> and <paramref name="j"/>, in either order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is negative or not less than <see cref="Order"/>.</exception>
    public double this[int i, int j]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)i, (uint)Order, nameof(i));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)j, (uint)Order, nameof(j));
            return _upper[PairIndex(Math.Min(i, j), Math.Max(i, j), Order)];
        }
    }

    /// <summary>Number of pairs i ≤ j of <paramref name="order"/> vectors.</summary>
    public static int PairCount(int order) => order * (order + 1) / 2;

    /// <summary>The Euclidean norm of vector <paramref name="i"/>.</summary>
    public double Norm(int i) => Math.Sqrt(this[i, i]);

    /// <summary>The cosine of the angle between two vectors; NaN if one is zero.</summary>
    public double Cosine(int i, int j) => Math.Clamp(this[i, j] / (Norm(i) * Norm(j)), -1, 1);

    /// <summary>Adds another matrix of the same order.</summary>
    public void Add(GramMatrix other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Order, Order);
        Add(other.Upper);
    }

    /// <summary>Adds the products of one more part of the vectors.</summary>
    /// <param name="upper">Products to add, as many as <see cref="Upper"/> holds and in its order.</param>
    public void Add(ReadOnlySpan<double> upper)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(upper.Length, _upper.Length);
        for (int k = 0; k < _upper.Length; k++)
            _upper[k] += upper[k];
    }

    /// <summary>Index in <see cref="Upper"/> of the product of vectors i ≤ j.</summary>
    internal static int PairIndex(int i, int j, int order) => (i * order) - (i * (i - 1) / 2) + j - i;
}
