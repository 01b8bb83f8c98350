using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends;

/// <summary>
/// The operations on filtered differences. Each works on a part of a tensor; <c>first</c> is the index of the part's first element.
/// </summary>
internal interface IDeltaWorker
{
    /// <summary>Computes a combination.</summary>
    /// <param name="combination">What to compute.</param>
    /// <param name="inputs">As <see cref="SparseDeltas"/> says, all of the same number of elements.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="output">Where the result goes. Must not overlap an input.</param>
    /// <returns>How many infinities and NaNs there were.</returns>
    NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output);

    /// <summary>Computes several combinations of the same filtered differences, which are filtered once where a worker can do that.</summary>
    /// <param name="combinations">What to compute; their <see cref="DeltaCombination.Deltas"/> are equal.</param>
    /// <param name="inputs">As <see cref="SparseDeltas"/> says, all of the same number of elements.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="outputs">Where each result goes. Must not overlap an input.</param>
    /// <param name="nonFinite">For each, how many infinities and NaNs there were.</param>
    void CombineEach(
        ReadOnlySpan<DeltaCombination> combinations, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<TypedBytes> outputs, Span<NonFinite> nonFinite)
    {
        for (int k = 0; k < combinations.Length; k++)
            nonFinite[k] = Combine(combinations[k], inputs, first, outputs[k]);
    }

    /// <summary>Counts keys.</summary>
    /// <param name="keys">Which.</param>
    /// <param name="inputs">The base and the sources.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="windows">What is counted of which stream, the streams in ascending order.</param>
    /// <param name="counts">The <see cref="KeyWindow.Counts"/> of one window after those of another; what is counted is added to them.</param>
    void Histogram(DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts);

    /// <summary>Sums over filtered differences, leaf by leaf in the order of <see cref="GramOrder"/>.</summary>
    /// <param name="deltas">The sources and their filters.</param>
    /// <param name="sum">What is summed.</param>
    /// <param name="inputs">As <see cref="SparseDeltas"/> says; the part starts at the start of a leaf.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="leafSums">For each leaf the numbers of each source.</param>
    void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums);

    /// <summary>
    /// Ranks each element in its row by |δ|: how many keys of the row are smaller, or equal and of a higher index.
    /// </summary>
    /// <param name="kind">Of the source.</param>
    /// <param name="inputs">The base and the source: whole rows.</param>
    /// <param name="rowElements">Elements in a row.</param>
    /// <param name="ranks">For each element its rank, from 0.</param>
    void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks);

    /// <summary>For each row the divergence of the tuned model's softmax from the base's; see <see cref="SoftmaxDivergence"/>.</summary>
    /// <param name="kind">Whether the source is the tuned model or its difference from the base.</param>
    /// <param name="inputs">The base and the source: whole rows.</param>
    /// <param name="rowElements">Elements in a row.</param>
    /// <param name="divergences">One for each row.</param>
    void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences);
}
