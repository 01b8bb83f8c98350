using DemEngine.Backends.Cpu.Linear;
using DemEngine.Memory;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// A <see cref="Numerics.LinearCombination"/> over one tile some of whose inputs are changed by low-rank matrices.
/// </summary>
/// <param name="baseBytes">Elements of the base, if the sum starts from it and it is not a change alone.</param>
/// <param name="startsFromBase">Whether the sum starts as b rather than as 0.</param>
/// <param name="terms">Terms in the order in which they are added. Those of a change alone have no source.</param>
/// <param name="storedTerms">Those of the terms that have a source.</param>
/// <param name="changes">The change of each input, the base first if the sum starts from it; null where it has none.</param>
/// <param name="output">Receives the result.</param>
internal readonly ref struct ProductSum(
    NativeBytes baseBytes,
    bool startsFromBase,
    ReadOnlySpan<PreparedTerm> terms,
    ReadOnlySpan<PreparedTerm> storedTerms,
    ReadOnlySpan<ChangedTerm?> changes,
    NativeBytes output)
{
    public readonly NativeBytes Base = baseBytes;
    public readonly bool StartsFromBase = startsFromBase;
    public readonly ReadOnlySpan<PreparedTerm> Terms = terms;
    public readonly ReadOnlySpan<PreparedTerm> StoredTerms = storedTerms;
    public readonly ReadOnlySpan<ChangedTerm?> Changes = changes;
    public readonly NativeBytes Output = output;
}
