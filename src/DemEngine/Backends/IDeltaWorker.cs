using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends;

/// <summary>
/// Operations on sparse differences. Each works on a part of a tensor; <c>first</c> is the index of the part's first element.
/// </summary>
internal interface IDeltaWorker
{
    /// <summary>Computes a combination of sparse differences.</summary>
    /// <param name="combination">Combination to compute.</param>
    /// <param name="inputs">Inputs in the order of <see cref="SparseDeltas"/>, all with the same number of elements.</param>
    /// <param name="first">Index in the tensor of the part's first element.</param>
    /// <param name="output">Receives the result; must not overlap an input.</param>
    /// <returns>Number of infinities and NaNs read and written.</returns>
    NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output);

    /// <summary>
    /// Computes several combinations of the same sparse differences, to which the masks are applied only once where a worker can
    /// do that.
    /// </summary>
    /// <param name="combinations">Combinations to compute; their <see cref="DeltaCombination.Deltas"/> are equal.</param>
    /// <param name="inputs">Inputs in the order of <see cref="SparseDeltas"/>, all with the same number of elements.</param>
    /// <param name="first">Index in the tensor of the part's first element.</param>
    /// <param name="outputs">Receives each combination's result; must not overlap an input.</param>
    /// <param name="nonFinite">Receives the number of infinities and NaNs of each combination.</param>
    void CombineEach(
        ReadOnlySpan<DeltaCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        for (int k = 0; k < combinations.Length; k++)
            nonFinite[k] = Combine(combinations[k], inputs, first, outputs[k]);
    }

    /// <summary>Counts keys in the bins of windows.</summary>
    /// <param name="keys">Keys to count.</param>
    /// <param name="inputs">The base and the sources, in this order.</param>
    /// <param name="first">Index in the tensor of the part's first element.</param>
    /// <param name="windows">Windows of the streams to count, the streams in ascending order.</param>
    /// <param name="counts">Counts to add to, the <see cref="KeyWindow.Counts"/> of one window after those of another.</param>
    void Histogram(
        DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts);

    /// <summary>Sums a statistic over sparse differences, leaf by leaf in the order of <see cref="GramOrder"/>.</summary>
    /// <param name="deltas">The sources and their masks.</param>
    /// <param name="sum">Statistic to sum.</param>
    /// <param name="inputs">Inputs in the order of <see cref="SparseDeltas"/>; the part starts at the start of a leaf.</param>
    /// <param name="first">Index in the tensor of the part's first element.</param>
    /// <param name="leafSums">Receives for each leaf the results of each source.</param>
    void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums);

    /// <summary>
    /// Ranks each element in its row by |δ|: the rank is the number of keys of the row that are smaller, or equal and of a higher
    /// index.
    /// </summary>
    /// <param name="kind">Kind of the source.</param>
    /// <param name="inputs">The base and the source, in whole rows.</param>
    /// <param name="rowElements">Number of elements in a row.</param>
    /// <param name="ranks">Receives the rank of each element, starting from 0.</param>
    void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks);

    /// <summary>
    /// Computes the divergence of the tuned model's softmax from the base's for each row; see <see cref="SoftmaxDivergence"/>.
    /// </summary>
    /// <param name="kind">Kind of the source: the tuned model, or its difference from the base.</param>
    /// <param name="inputs">The base and the source, in whole rows.</param>
    /// <param name="rowElements">Number of elements in a row.</param>
    /// <param name="divergences">Receives one divergence for each row.</param>
    void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences);
}
