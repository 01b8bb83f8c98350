using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace DemEngine.Checkpoints;

/// <summary>Shape of a tensor, outermost dimension first. No dimensions means one element; a dimension of 0 means none.</summary>
public readonly struct TensorShape : IEquatable<TensorShape>
{
    private readonly ImmutableArray<long> _dimensions;

    private TensorShape(ImmutableArray<long> dimensions, long elementCount)
    {
        _dimensions = dimensions;
        ElementCount = elementCount;
    }

    /// <summary>Creates a shape.</summary>
    /// <param name="dimensions">Sizes of the dimensions, outermost first.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative or the element count overflows 64 bits.</exception>
    public TensorShape(params ImmutableArray<long> dimensions)
    {
        if (!TryCreate(dimensions, out this))
            throw new ArgumentOutOfRangeException(nameof(dimensions), "a dimension is negative or the element count overflows");
    }

    /// <summary>Sizes of the dimensions, outermost first.</summary>
    public ImmutableArray<long> Dimensions => _dimensions.IsDefault ? [] : _dimensions;

    /// <summary>Number of elements: the product of the dimensions.</summary>
    public long ElementCount { get; }

    /// <summary>Size of the outermost dimension; 1 if there is none.</summary>
    public long Rows => Dimensions.Length == 0 ? 1 : Dimensions[0];

    /// <summary>Number of elements in one row; 0 if there are no rows.</summary>
    public long RowElements => Rows == 0 ? 0 : ElementCount / Rows;

    /// <summary>Size of the innermost dimension; 1 if there is none.</summary>
    public long RowLength => Dimensions.Length == 0 ? 1 : Dimensions[^1];

    /// <summary>Compares the dimensions.</summary>
    public static bool operator ==(TensorShape left, TensorShape right) => left.Equals(right);

    /// <summary>Compares the dimensions.</summary>
    public static bool operator !=(TensorShape left, TensorShape right) => !left.Equals(right);

    /// <summary>Creates a shape; false if a dimension is negative or the element count overflows 64 bits.</summary>
    public static bool TryCreate(ImmutableArray<long> dimensions, out TensorShape shape)
    {
        shape = default;
        bool isEmpty = false;
        foreach (long dimension in dimensions)
        {
            if (dimension < 0)
                return false;
            isEmpty |= dimension == 0;
        }

        long count = isEmpty ? 0 : 1;
        foreach (long dimension in dimensions)
        {
            if (!isEmpty && count > long.MaxValue / dimension)
                return false;
            count *= dimension;
        }

        shape = new TensorShape(dimensions, count);
        return true;
    }

    /// <summary>Returns the same shape with another number of rows.</summary>
    public TensorShape WithRows(long rows) => new(Dimensions.SetItem(0, rows));

    /// <inheritdoc/>
    public bool Equals(TensorShape other) => Dimensions.AsSpan().SequenceEqual(other.Dimensions.AsSpan());

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is TensorShape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (long dimension in Dimensions)
            hash.Add(dimension);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", Dimensions)}]";
}
