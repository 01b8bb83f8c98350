using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>What the strips of a tile share beside its <see cref="ProductSum"/>.</summary>
/// <param name="combination">The combination that is computed.</param>
/// <param name="inputs">Its inputs.</param>
/// <param name="stored">Elements of each input as they are stored.</param>
/// <param name="output">Receives the result.</param>
/// <param name="error">Bound on the error of the sum in binary32.</param>
internal readonly ref struct ProductTile(
    LinearCombination combination,
    ReadOnlySpan<LowRankInput> inputs,
    ReadOnlySpan<TypedBytes> stored,
    TypedBytes output,
    SumError error)
{
    public readonly LinearCombination Combination = combination;
    public readonly ReadOnlySpan<LowRankInput> Inputs = inputs;
    public readonly ReadOnlySpan<TypedBytes> Stored = stored;
    public readonly TypedBytes Output = output;
    public readonly SumError Error = error;
}
