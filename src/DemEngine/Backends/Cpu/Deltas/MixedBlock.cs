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
    DeltaBlock<TWidth, TVector> block, ReadOnlySpan<DeltaWeights> weights, DeltaMixing mixing, NativeBytes baseBytes, NativeBytes output)
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    public readonly DeltaBlock<TWidth, TVector> Block = block;
    public readonly ReadOnlySpan<DeltaWeights> Weights = weights;
    public readonly DeltaMixing Mixing = mixing;
    public readonly NativeBytes Base = baseBytes;
    public readonly NativeBytes Output = output;

    /// <summary>A vector of one source's differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Delta(int source, int i) => TWidth.Load(ref Unsafe.AddByteOffset(ref Block.Origin(source), (nuint)i * sizeof(float)));

    /// <summary>m of one element.</summary>
    public double Mix(int i) => Mixing switch
    {
        DeltaMixing.Sum => Sum(i),
        DeltaMixing.Overlap => Overlap(i),
        _ => Agreeing(i),
    };

    private double Sum(int i)
    {
        double sum = 0;
        for (int k = 0; k < Weights.Length; k++)
            sum += (double)Weights[k].Weight * Block[k][i];
        return sum;
    }

    private double Agreeing(int i)
    {
        double votes = 0;
        for (int k = 0; k < Weights.Length; k++)
            votes += (double)Weights[k].Vote * Block[k][i];

        double sign = votes < 0 ? -1 : 1;
        double sum = 0;
        double divisor = 0;
        for (int k = 0; k < Weights.Length; k++)
        {
            if (sign * Weights[k].Vote * Block[k][i] <= 0)
                continue;
            sum += (double)Weights[k].Weight * Block[k][i];
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
            shared += (double)Weights[k].Share * Block[k][i];
        }

        return there > 1 ? shared / there : Sum(i);
    }
}
