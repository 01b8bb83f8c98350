using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary><see cref="DeltaWeights"/> of a source in the forms that the loops broadcast.</summary>
/// <param name="weights">Weights of the source.</param>
/// <param name="errorScale">
/// Factor of the sizes of a term and of a vote, |w·D|, in the error bounds of sums that are computed in binary32.
/// </param>
internal readonly struct ConsensusWeights(DeltaWeights weights, float errorScale)
{
    public readonly double Weight = weights.Weight;
    public readonly double Vote = weights.Vote;
    public readonly double Share = weights.Share;
    public readonly uint WeightBits = BitConverter.SingleToUInt32Bits(weights.Weight);
    public readonly uint VoteBits = BitConverter.SingleToUInt32Bits(weights.Vote);
    public readonly uint VoteSign = BitConverter.SingleToUInt32Bits(weights.Vote) & 0x8000_0000;
    public readonly uint ShareBits = BitConverter.SingleToUInt32Bits(weights.Share);
    public readonly uint WeightErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(weights.Weight));
    public readonly uint VoteErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(weights.Vote));

    /// <summary>Factor of |y| and |m|, or of the terms of m, in the error bound of a sum in binary32.</summary>
    /// <param name="sources">Number of sources.</param>
    public static float ErrorScale(int sources) => ((3 * sources) + 5) * (1f / (1 << 24));

    /// <summary>Converts the weights of all sources.</summary>
    public static ConsensusWeights[] Of(ReadOnlySpan<DeltaWeights> weights)
    {
        var mixed = new ConsensusWeights[weights.Length];
        for (int k = 0; k < mixed.Length; k++)
            mixed[k] = new ConsensusWeights(weights[k], ErrorScale(mixed.Length));
        return mixed;
    }
}
