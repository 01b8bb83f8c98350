using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Backends;

/// <summary>
/// Backend that does the arithmetic of a merge: the processor, a GPU, or nothing at all for benchmarks. It knows a handful of
/// elementwise operations and no method's name. Every backend gives the same bits.
/// </summary>
public interface IMergeBackend : IDisposable
{
    /// <summary>Name of the backend, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    string Name { get; }

    /// <summary>Human-readable description of the hardware that the backend runs on.</summary>
    string Description { get; }

    /// <summary>
    /// Minimum number of concurrent workers that keep the backend busy, if each waits for its tile. A run with fewer threads
    /// starts this many.
    /// </summary>
    int MinWorkers => 1;

    /// <summary>
    /// Divisor for the host memory that <see cref="MakeResident"/> may use: the number of bytes divided by this.
    /// </summary>
    static int KeptShare => 16;

    /// <summary>
    /// Upper bound on the host memory in bytes that a worker and the code that calls it take for themselves, beside inputs and
    /// outputs: three leaves of binary64 numbers for each input and three more, and 40 bytes for each element of a row that is
    /// ranked or compared. What a device locks of the host's memory is bounded along with the device's own.
    /// </summary>
    /// <param name="inputs">Number of tensors that a tile is made from.</param>
    /// <param name="rowElements">Number of elements in a row, where rows are worked on as a whole; otherwise 0.</param>
    internal static long WorkerBytes(int inputs, long rowElements) =>
        ((inputs + 1) * 3L * GramOrder.LeafElements * sizeof(double)) + (rowElements * 5 * sizeof(ulong));

    /// <summary>
    /// Announces that workers will be given parts of these bytes repeatedly, and that bytes do not change any more once they have
    /// been given, until the result is disposed. A device may cache a copy. Host memory is used only for what is computed from
    /// the bytes, one bit for each element.
    /// </summary>
    /// <param name="bytes">Contents of whole inputs.</param>
    /// <returns>Handle that ends the residency when disposed, or null where nothing is cached.</returns>
    IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes) => null;

    /// <summary>
    /// Announces that several runs, one after the other, will be given parts of these bytes, which do not change once they have
    /// been given, until the result is disposed. A device keeps a copy of those for which it has memory. No host memory is used.
    /// </summary>
    /// <param name="inputs">Contents of whole inputs.</param>
    /// <returns>Handle that ends the residency when disposed, or null where nothing is kept.</returns>
    internal IDisposable? KeepBetweenRuns(IReadOnlyList<NativeBytes> inputs) => null;

    /// <summary>Whether a device has its own copy of a part of an input, so that the host's is not read.</summary>
    internal bool Holds(NativeBytes part) => false;

    /// <summary>Creates what computes products with thin matrices on a thread of its own, such as for a factorisation.</summary>
    internal IThinProducts CreateThinProducts() => new ProcessorThinProducts();

    /// <summary>Creates a worker. Each thread of the pipeline has its own worker and its own buffers.</summary>
    internal ITileWorker CreateWorker();
}

/// <summary>Worker that processes one tile at a time, on the calling thread.</summary>
internal interface ITileWorker : IDisposable
{
    /// <summary>Operations on sparse differences. The object belongs to this worker and is disposed with it.</summary>
    IDeltaWorker Deltas { get; }

    /// <summary>
    /// Number of elements that a caller had best give at a time if it has just computed them: as many as are still in the cache.
    /// A device takes whole tiles.
    /// </summary>
    int BlockElements => int.MaxValue;

    /// <summary>Computes a linear combination.</summary>
    /// <param name="combination">Combination to compute, which fixes the arithmetic.</param>
    /// <param name="inputs">Inputs that the combination asks for, in its order, all with the same number of elements.</param>
    /// <param name="output">Receives the result; must not overlap an input.</param>
    /// <returns>Number of infinities and NaNs read and written.</returns>
    NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output);

    /// <summary>
    /// Whether <see cref="CombineChanged"/> computes a combination, and in less time than it takes to compute its inputs first.
    /// </summary>
    /// <param name="combination">Combination to compute.</param>
    /// <param name="inputs">Inputs that the combination asks for.</param>
    /// <param name="output">Type of the result.</param>
    bool TakesChanges(LinearCombination combination, ReadOnlySpan<LowRankInput> inputs, ElementType output) => false;

    /// <summary>
    /// Computes a linear combination some of whose inputs low-rank matrices change. The result is that of
    /// <see cref="Combine"/> with the changed inputs.
    /// </summary>
    /// <param name="combination">Combination to compute.</param>
    /// <param name="inputs">Inputs that the combination asks for.</param>
    /// <param name="stored">Elements of each input as they are stored; ignored for those that are not.</param>
    /// <param name="first">Index in the matrices of the first element.</param>
    /// <param name="output">Receives the result; must not overlap an input.</param>
    /// <returns>Number of infinities and NaNs read and written.</returns>
    /// <exception cref="NotSupportedException"><see cref="TakesChanges"/> is false.</exception>
    NonFinite CombineChanged(
        LinearCombination combination,
        ReadOnlySpan<LowRankInput> inputs,
        ReadOnlySpan<TypedBytes> stored,
        long first,
        TypedBytes output) => throw new NotSupportedException();

    /// <summary>
    /// Computes several linear combinations of the same inputs, which a device gets only once.
    /// </summary>
    /// <param name="combinations">Combinations to compute, which ask for the same inputs.</param>
    /// <param name="inputs">Inputs that the combinations ask for, all with the same number of elements.</param>
    /// <param name="outputs">Receives each combination's result; must not overlap an input.</param>
    /// <param name="nonFinite">Receives the number of infinities and NaNs of each combination.</param>
    void CombineEach(
        ReadOnlySpan<LinearCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        for (int k = 0; k < combinations.Length; k++)
            nonFinite[k] = Combine(combinations[k], inputs, outputs[k]);
    }

    /// <summary>
    /// Computes the dot products of each column of a tile's vectors, leaf by leaf, where a device does that itself.
    /// </summary>
    /// <param name="kinds">For each vector whether it is x − b in binary32, or the input.</param>
    /// <param name="inputs">The base first if a vector is relative to it, then the tensors; whole rows of all.</param>
    /// <param name="columns">Number of elements in a row.</param>
    /// <param name="leafRows">Number of rows in a leaf.</param>
    /// <param name="leafSums">
    /// Receives for each leaf, and in it for each pair ⟨vᵢ, vⱼ⟩ with i ≤ j row after row, one sum for each column.
    /// </param>
    /// <returns>False if nothing was done.</returns>
    bool TryColumnGram(
        ReadOnlySpan<TermKind> kinds, ReadOnlySpan<TypedBytes> inputs, int columns, int leafRows, Span<double> leafSums) => false;

    /// <summary>Computes a linear combination with weights for each column, where a device does that itself.</summary>
    /// <param name="sum">The combination, whose own weights do not count.</param>
    /// <param name="weights">For each term a binary32 number for each column.</param>
    /// <param name="column">Column of the first element.</param>
    /// <param name="inputs">Inputs that the combination asks for, all with the same number of elements.</param>
    /// <param name="output">Receives the result; must not overlap an input.</param>
    /// <param name="nonFiniteOutputs">Number of infinities and NaNs written.</param>
    /// <returns>False if nothing was done.</returns>
    bool TryCombineColumns(
        LinearCombination sum,
        double[][] weights,
        int column,
        ReadOnlySpan<TypedBytes> inputs,
        TypedBytes output,
        out long nonFiniteOutputs)
    {
        nonFiniteOutputs = 0;
        return false;
    }

    /// <summary>Computes the dot products of a tile's vectors, leaf by leaf as <see cref="GramOrder"/> defines them.</summary>
    /// <param name="relativeToBase">
    /// Whether the vectors are x₁ − b … xₙ − b followed by b itself, where b is <c>inputs[0]</c>; otherwise they are the inputs.
    /// </param>
    /// <param name="inputs">
    /// Parts of the tensors, all with the same number of elements. They start at the start of a leaf.
    /// </param>
    /// <param name="leafSums">Receives for each leaf the products ⟨vᵢ, vⱼ⟩ for i ≤ j, row after row.</param>
    void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums);
}
