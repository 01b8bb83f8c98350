using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary><see cref="DeltaWeights"/> in the forms that the loops broadcast.</summary>
/// <param name="weights">Of a source.</param>
/// <param name="errorScale">What the sizes of a term and of a vote, |w·D|, add to the bounds of the errors where sums are computed in binary32.</param>
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

    /// <summary>What |y| and |m|, or the terms of m, are multiplied by to bound the error of a sum in binary32: twice what is needed.</summary>
    /// <param name="sources">Their number.</param>
    public static float ErrorScale(int sources) => 2 * ((3 * sources) + 5) * (1f / (1 << 24));

    /// <summary>Those of all sources.</summary>
    public static ConsensusWeights[] Of(ReadOnlySpan<DeltaWeights> weights)
    {
        var mixed = new ConsensusWeights[weights.Length];
        for (int k = 0; k < mixed.Length; k++)
            mixed[k] = new ConsensusWeights(weights[k], ErrorScale(mixed.Length));
        return mixed;
    }
}
