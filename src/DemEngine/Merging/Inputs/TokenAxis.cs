using DemEngine.Checkpoints;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// The dimension of a tensor that counts tokens. Seen along it, a tensor is <c>[outer, tokens, inner]</c>: an embedding has one
/// outer block, and a matrix with a column for each token has an inner size of 1.
/// </summary>
/// <param name="Dimension">Index of the dimension.</param>
internal readonly record struct TokenAxis(int Dimension)
{
    /// <summary>Number of tokens that a tensor has entries for.</summary>
    public long Tokens(TensorShape shape) => shape.Dimensions[Dimension];

    /// <summary>Number of blocks, each of which has all tokens.</summary>
    public long Outer(TensorShape shape) => Product(shape, 0, Dimension);

    /// <summary>Number of successive elements of one token.</summary>
    public long Inner(TensorShape shape) => Product(shape, Dimension + 1, shape.Dimensions.Length);

    /// <summary>Returns the same shape with another number of tokens.</summary>
    public TensorShape With(TensorShape shape, long tokens) => new(shape.Dimensions.SetItem(Dimension, tokens));

    /// <summary>Whether two shapes differ at most in the number of tokens.</summary>
    public bool Fits(TensorShape shape, TensorShape other) =>
        shape.Dimensions.Length == other.Dimensions.Length && With(shape, 0) == With(other, 0);

    private static long Product(TensorShape shape, int from, int to)
    {
        long product = 1;
        for (int k = from; k < to; k++)
            product *= shape.Dimensions[k];
        return product;
    }
}
