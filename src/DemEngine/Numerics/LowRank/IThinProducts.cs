namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Computes products of a large matrix, or of its transpose, with a thin one, while the large one's rows go by: the processor, or
/// a device. Every one gives the bits of <see cref="ThinProducts"/>. It is used by one thread.
/// </summary>
internal interface IThinProducts : IDisposable
{
    /// <summary>Begins a product Y ← M·X, or Y ← Mᵀ·X.</summary>
    /// <param name="x">X, which must not change until <see cref="End"/>.</param>
    /// <param name="y">Y, which is zero, and has its values after <see cref="End"/>.</param>
    /// <param name="isTransposed">Whether M is transposed.</param>
    void Begin(ThinMatrix x, ThinMatrix y, bool isTransposed);

    /// <summary>Adds some rows of M.</summary>
    /// <param name="rows">The rows, one after the other.</param>
    /// <param name="firstRow">Index of the first one.</param>
    void Add(ReadOnlySpan<float> rows, int firstRow);

    /// <summary>Ends the product.</summary>
    void End();
}
