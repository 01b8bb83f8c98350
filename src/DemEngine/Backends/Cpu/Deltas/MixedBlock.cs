using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>A block of filtered differences with what they are mixed by.</summary>
/// <param name="block">The differences.</param>
/// <param name="weights">Of the sources.</param>
/// <param name="mixing">How they are mixed.</param>
/// <param name="baseBytes">The base's elements.</param>
/// <param name="output">Where the result goes.</param>
internal readonly ref struct MixedBlock<TWidth, TVector>(
    DeltaBlock<TWidth, TVector> block, ReadOnlySpan<MixedWeights> weights, DeltaMixing mixing, NativeBytes baseBytes, NativeBytes output)
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private readonly ref byte _deltas = ref block.Origin(0);

    public readonly DeltaBlock<TWidth, TVector> Block = block;
    public readonly ReadOnlySpan<MixedWeights> Weights = weights;
    public readonly DeltaMixing Mixing = mixing;
    public readonly NativeBytes Base = baseBytes;
    public readonly NativeBytes Output = output;

    /// <summary>A vector of one source's differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Delta(int source, int i) => TWidth.Load(ref DeltaAt(source, i));

    /// <summary>Half a vector of one source's differences, as doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector WideDelta(int source, int i) => TWidth.LoadWidened(ref DeltaAt(source, i));

    /// <summary>m of one element.</summary>
    public double Mix(int i) => Mixing switch
    {
        DeltaMixing.Sum => Sum(i),
        DeltaMixing.Overlap => Overlap(i),
        _ => Agreeing(i),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte DeltaAt(int source, int i) =>
        ref Unsafe.AddByteOffset(ref _deltas, ((nuint)source * DeltaBlock<TWidth, TVector>.RowBytes) + ((nuint)i * sizeof(float)));

    private double Sum(int i)
    {
        double sum = 0;
        for (int k = 0; k < Weights.Length; k++)
            sum += Weights[k].Weight * Block[k][i];
        return sum;
    }

    private double Agreeing(int i)
    {
        double votes = 0;
        for (int k = 0; k < Weights.Length; k++)
            votes += Weights[k].Vote * Block[k][i];

        double sign = votes < 0 ? -1 : 1;
        double sum = 0;
        double divisor = 0;
        for (int k = 0; k < Weights.Length; k++)
        {
            if (sign * Weights[k].Vote * Block[k][i] <= 0)
                continue;
            sum += Weights[k].Weight * Block[k][i];
            divisor += Weights[k].Share;
        }

        return Mixing == DeltaMixing.Agreeing ? sum : sum / (divisor == 0 ? 1 : divisor);
    }

    private double Overlap(int i)
    {
        int there = 0;
        double shared = 0;
        for (int k = 0; k < Weights.Length; k++)
        {
            there += Block[k][i] != 0 ? 1 : 0;
            shared += Weights[k].Share * Block[k][i];
        }

        return there > 1 ? shared / there : Sum(i);
    }
}

/// <summary><see cref="DeltaWeights"/> in the forms that the loops broadcast.</summary>
/// <param name="weights">Of a source.</param>
/// <param name="errorScale">What the sizes of a term and of a vote, |w·D|, add to the bounds of the errors where sums are computed in binary32.</param>
internal readonly struct MixedWeights(DeltaWeights weights, float errorScale)
{
    public readonly double Weight = weights.Weight;
    public readonly double Vote = weights.Vote;
    public readonly double Share = weights.Share;
    public readonly uint WeightBits = BitConverter.SingleToUInt32Bits(weights.Weight);
    public readonly uint VoteBits = BitConverter.SingleToUInt32Bits(weights.Vote);
    public readonly uint ShareBits = BitConverter.SingleToUInt32Bits(weights.Share);
    public readonly uint WeightErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(weights.Weight));
    public readonly uint VoteErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(weights.Vote));

    /// <summary>What |y| and |m|, or the terms of m, are multiplied by to bound the error of a sum in binary32: twice what is needed.</summary>
    /// <param name="sources">Their number.</param>
    public static float ErrorScale(int sources) => 2 * ((3 * sources) + 5) * (1f / (1 << 24));

    /// <summary>Those of all sources.</summary>
    public static MixedWeights[] Of(ReadOnlySpan<DeltaWeights> weights)
    {
        var mixed = new MixedWeights[weights.Length];
        for (int k = 0; k < mixed.Length; k++)
            mixed[k] = new MixedWeights(weights[k], ErrorScale(mixed.Length));
        return mixed;
    }
}
