using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends;

/// <summary>
/// What does the arithmetic of a merge: the processor, a GPU, or nothing at all for measuring. It knows a handful of elementwise
/// operations and no method's name. Every backend gives the same bits.
/// </summary>
public interface IMergeBackend : IDisposable
{
    /// <summary>As <c>--backend</c> names it.</summary>
    string Name { get; }

    /// <summary>What it runs on, for people.</summary>
    string Description { get; }

    /// <summary>How many workers at a time keep it busy, if each waits for its tile. A run with fewer threads starts so many.</summary>
    int MinWorkers => 1;

    /// <summary>What <see cref="MakeResident"/> may take of host memory: this share of the bytes.</summary>
    static int KeptShare => 16;

    /// <summary>
    /// Says that workers will be given parts of these bytes again and again, and that what they were given once does not change any more, until the
    /// result is disposed. A device may keep a copy; host memory is only for what is found out about them, a bit for each element.
    /// </summary>
    /// <param name="bytes">Of whole inputs.</param>
    /// <returns>Null where nothing is kept.</returns>
    IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes) => null;

    /// <summary>Makes a worker. Each thread of the pipeline has its own, and its own buffers.</summary>
    internal ITileWorker CreateWorker();
}

/// <summary>Works on one tile at a time, on the thread that calls it.</summary>
internal interface ITileWorker : IDisposable
{
    /// <summary>The operations on filtered differences; this worker's, and gone with it.</summary>
    IDeltaWorker Deltas { get; }

    /// <summary>Computes a linear combination.</summary>
    /// <param name="combination">The sum and its arithmetic.</param>
    /// <param name="inputs">As many as the combination asks for, in its order, all of the same number of elements.</param>
    /// <param name="output">Where the result goes. Must not overlap an input.</param>
    /// <returns>How many infinities and NaNs there were.</returns>
    NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output);

    /// <summary>Computes the dot products of a tile's vectors, leaf by leaf as <see cref="GramOrder"/> defines them.</summary>
    /// <param name="relativeToBase">
    /// Whether the vectors are x₁ − b … xₙ − b and then b itself, <c>inputs[0]</c> being b; otherwise they are the inputs.
    /// </param>
    /// <param name="inputs">The tensors' parts, of the same number of elements each; the part starts at the start of a leaf.</param>
    /// <param name="leafSums">For each leaf the products ⟨vᵢ, vⱼ⟩ for i ≤ j, row after row.</param>
    void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums);
}
