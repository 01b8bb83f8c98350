using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>
/// Sparsification whose mask needs no threshold. Two are equal if their parameters are: the mask may differ from tensor to
/// tensor, as the tensor's name is among what chooses random numbers.
/// </summary>
/// <param name="Parameters">All that the mask depends on besides the tensor, as a value.</param>
/// <param name="Mask">Mask of the source.</param>
/// <param name="Factor">Factor that restores the expectation; 1 for none.</param>
internal sealed record KeptByMask(object Parameters, DeltaMask Mask, double Factor = 1) : Sparsification
{
    public override double Correction => Factor;

    public override bool NeedsRanks => Mask.NeedsRanks;

    public override DeltaMask MaskFor(ReadOnlySpan<Threshold> thresholds) => Mask;

    public bool Equals(KeptByMask? other) =>
        other is not null && Parameters.Equals(other.Parameters) && Factor.Equals(other.Factor);

    public override int GetHashCode() => Parameters.GetHashCode();

    public override string ToString() => $"{Parameters}";
}
