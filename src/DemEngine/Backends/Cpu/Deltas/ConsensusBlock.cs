using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>Block of sparse differences with the weights and the rule that combine them.</summary>
/// <param name="block">Block of differences.</param>
/// <param name="weights">Weights of the sources.</param>
/// <param name="mixing">Rule that combines the differences.</param>
/// <param name="baseBytes">Elements of the base.</param>
/// <param name="output">Receives the result.</param>
internal readonly ref struct ConsensusBlock<TWidth, TVector>(
    DeltaBlock<TWidth, TVector> block,
    ReadOnlySpan<ConsensusWeights> weights,
    Consensus mixing,
    NativeBytes baseBytes,
    NativeBytes output)
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private readonly ref byte _deltas = ref block.Origin(0);

    public readonly DeltaBlock<TWidth, TVector> Block = block;
    public readonly ReadOnlySpan<ConsensusWeights> Weights = weights;
    public readonly Consensus Mixing = mixing;
    public readonly NativeBytes Base = baseBytes;
    public readonly NativeBytes Output = output;

    /// <summary>Loads a vector of one source's differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Delta(int source, int i) => TWidth.Load(ref DeltaAt(source, i));

    /// <summary>Loads half a vector of one source's differences, as doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector WideDelta(int source, int i) => TWidth.LoadWidened(ref DeltaAt(source, i));

    /// <summary>Computes m of one element.</summary>
    public double Mix(int i) => Mixing switch
    {
        Consensus.Sum => Sum(i),
        Consensus.Overlap => Overlap(i),
        _ => Agreeing(i),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte DeltaAt(int source, int i) =>
        ref Unsafe.AddByteOffset(
            ref _deltas, ((nuint)source * DeltaBlock<TWidth, TVector>.RowBytes) + ((nuint)i * sizeof(float)));

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

        return Mixing == Consensus.Agreeing ? sum : sum / (divisor == 0 ? 1 : divisor);
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
