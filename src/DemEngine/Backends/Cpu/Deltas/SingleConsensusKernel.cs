using System.Runtime.CompilerServices;
using DemEngine.Backends.Cpu.Linear;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// <see cref="ConsensusKernel{TBase, TOutput, TWidth, TVector}"/> in binary32 where that decides the result, which is then the
/// same to the bit.
/// </summary>
/// <remarks>
/// Binary32 may decide the result for the following reasons, with u = 2⁻²⁴ and n sources. The differences D and the weights are
/// exact in binary32.
/// For the majority, each step of v += voteᵢ·Dᵢ adds at most u·V for the product, if it is rounded, and as much for the sum,
/// where V = Σ|voteᵢ·Dᵢ|. So v is off by less than (2n + 2)·u·V, which also covers the double sum that defines the sign. A larger
/// |v| has the sign of that sum. Where all D are 0, v is +0 in both.
/// For the combined m, weightᵢ·Dᵢ of the sources that agree all have one sign, since votes and weights have one (which
/// <see cref="CanRun"/> requires), so that no sum of them is off by more than 2n·u of itself. The divisor, a sum of positive
/// shares, is off by at most n·u of itself. So m is off by less than (3n + 3)·u·|m|, and y = b + m by that and u·|y|. A sum
/// without consensus is treated as in <see cref="CombineKernel{TInput, TOutput, TWidth, TVector}"/>. Underflow is less than the
/// constant that is added. If no value that near rounds differently, the result is decided (Ziv's test).
/// </remarks>
internal static class SingleConsensusKernel<TBase, TOutput, TWidth, TVector>
    where TBase : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int MaxSources = 64;
    private const uint SignBit = 0x8000_0000;
    private const uint MagnitudeBits = 0x7FFF_FFFF;

    // Near the largest number nothing is decided, and neither is it where there are infinities or NaNs.
    private const uint Huge = 0x7F00_0000;

    // 1e-35 in binary32.
    private const uint Tiny = 0x0554_AD2E;

    /// <summary>Whether the conditions of the error bounds hold, so that binary32 may decide the result.</summary>
    public static bool CanRun(in ConsensusBlock<TWidth, TVector> mixed)
    {
        if (!TBase.FitsSingle
            || !TOutput.CanRoundApproximations
            || mixed.Mixing == Consensus.Overlap
            || mixed.Weights.Length > MaxSources)
            return false;
        if (mixed.Mixing == Consensus.Sum)
            return true;

        double side = 0;
        foreach (ref readonly ConsensusWeights weights in mixed.Weights)
        {
            // Sums of differences that are not finite make weights that are not.
            double product = weights.Weight * weights.Vote;
            if (!double.IsFinite(product) || product == 0 || product * side < 0 || !(weights.Share > 0))
                return false;
            side = product < 0 ? -1 : 1;
        }

        return true;
    }

    public static NonFinite Run(in ConsensusBlock<TWidth, TVector> mixed, int start, int end, ref int undecided) =>
        mixed.Mixing switch
        {
            Consensus.Sum => Run<WeightedSum>(mixed, start, end, ref undecided),
            Consensus.Agreeing => Run<AgreeingSum>(mixed, start, end, ref undecided),
            _ => Run<AgreeingMean>(mixed, start, end, ref undecided),
        };

    private static NonFinite Run<TMixing>(in ConsensusBlock<TWidth, TVector> mixed, int start, int end, ref int undecided)
        where TMixing : ISingleMixing
    {
        NonFinite nonFinite = default;
        for (int i = RunDecided<TMixing>(mixed, start, end); i < end; i = RunDecided<TMixing>(mixed, i + TWidth.Lanes, end))
        {
            undecided++;
            nonFinite += ConsensusKernel<TBase, TOutput, TWidth, TVector>.RunDouble(mixed, i, i + TWidth.Lanes);
        }

        return nonFinite;
    }

    /// <summary>
    /// Runs up to the first vector that is not decided. This loop calls nothing, so that what does not change stays in registers.
    /// </summary>
    /// <returns>Index of that vector's first element, or the end.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int RunDecided<TMixing>(in ConsensusBlock<TWidth, TVector> mixed, int start, int end)
        where TMixing : ISingleMixing
    {
        ref byte b = ref mixed.Base.Origin;
        ref byte output = ref mixed.Output.Origin;
        TVector signOff = TWidth.Broadcast(MagnitudeBits);
        TVector scale = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(ConsensusWeights.ErrorScale(mixed.Weights.Length)));
        for (int i = start; i < end; i += TWidth.Lanes)
        {
            TVector m = TMixing.Mix(mixed, i, scale, out TVector error, out TVector isCertain);
            TVector y = TWidth.AddSingle(
                TBase.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref b, (nuint)i * (nuint)TBase.Size)), m);
            TVector bound = TWidth.MultiplyAddSingle(TWidth.And(y, signOff), scale, error);
            TVector rounded = TOutput.RoundApproximation<TWidth, TVector>(y, bound, out TVector decided);
            if (!TWidth.AllNegative(TWidth.And(decided, isCertain)))
                return i;
            TOutput.StoreRounded<TWidth, TVector>(rounded, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size));
        }

        return end;
    }

    private interface ISingleMixing
    {
        /// <summary>Computes m over a vector.</summary>
        /// <param name="mixed">Block to combine.</param>
        /// <param name="i">Index of the vector's first element.</param>
        /// <param name="scale">Factor of the error bound; see <see cref="ConsensusWeights.ErrorScale"/>.</param>
        /// <param name="error">Receives the error bound of m.</param>
        /// <param name="isCertain">Receives masks with the top bit set where the bound holds.</param>
        static abstract TVector Mix(
            in ConsensusBlock<TWidth, TVector> mixed, int i, TVector scale, out TVector error, out TVector isCertain);
    }

    private readonly struct WeightedSum : ISingleMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Mix(
            in ConsensusBlock<TWidth, TVector> mixed, int i, TVector scale, out TVector error, out TVector isCertain)
        {
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector signOff = TWidth.Broadcast(MagnitudeBits);
            TVector sum = default;
            error = TWidth.Broadcast(Tiny);
            isCertain = TWidth.Broadcast(SignBit);
            for (int k = 0; k < weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                sum = TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].WeightBits), delta, sum);
                error = TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].WeightErrorBits), TWidth.And(delta, signOff), error);
            }

            return sum;
        }
    }

    private readonly struct AgreeingSum : ISingleMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Mix(
            in ConsensusBlock<TWidth, TVector> mixed, int i, TVector scale, out TVector error, out TVector isCertain)
        {
            TVector flip = Majority(mixed, i, out isCertain);
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector sum = default;
            for (int k = 0; k < weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector added = TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].WeightBits), delta, sum);
                sum = TWidth.Select(Agrees(weights[k], delta, flip), added, sum);
            }

            error = ErrorOf(sum, scale);
            return sum;
        }

        /// <summary>Computes masks with the sign bit set where the sum of the votes is negative.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Majority(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector isCertain)
        {
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector signOff = TWidth.Broadcast(MagnitudeBits);
            TVector votes = default;
            TVector error = TWidth.Broadcast(Tiny);
            TVector any = default;
            for (int k = 0; k < weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector magnitude = TWidth.And(delta, signOff);
                votes = TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].VoteBits), delta, votes);
                error = TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].VoteErrorBits), magnitude, error);
                any = TWidth.Or(any, magnitude);
            }

            // Binary32 numbers without a sign are ordered as their bits are, so each condition is that a difference is negative.
            TVector size = TWidth.And(votes, signOff);
            TVector isClear = TWidth.And(TWidth.Subtract(error, size), TWidth.Subtract(size, TWidth.Broadcast(Huge)));
            isCertain = TWidth.Or(isClear, TWidth.Subtract(any, TWidth.Broadcast(1)));
            return TWidth.And(votes, TWidth.Broadcast(SignBit));
        }

        /// <summary>Computes masks with all bits set where s·vote·D is positive, which its sign and D ≠ 0 tell.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Agrees(in ConsensusWeights source, TVector delta, TVector flip)
        {
            return TWidth.IsPositive(TWidth.Xor(TWidth.Xor(delta, flip), TWidth.Broadcast(source.VoteSign)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector ErrorOf(TVector m, TVector scale) =>
            TWidth.MultiplyAddSingle(TWidth.And(m, TWidth.Broadcast(MagnitudeBits)), scale, TWidth.Broadcast(Tiny));
    }

    private readonly struct AgreeingMean : ISingleMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Mix(
            in ConsensusBlock<TWidth, TVector> mixed, int i, TVector scale, out TVector error, out TVector isCertain)
        {
            TVector flip = AgreeingSum.Majority(mixed, i, out isCertain);
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector sum = default;
            TVector divisor = default;
            for (int k = 0; k < weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector agrees = AgreeingSum.Agrees(weights[k], delta, flip);
                sum = TWidth.Select(agrees, TWidth.MultiplyAddSingle(TWidth.Broadcast(weights[k].WeightBits), delta, sum), sum);
                divisor = TWidth.Select(agrees, TWidth.AddSingle(divisor, TWidth.Broadcast(weights[k].ShareBits)), divisor);
            }

            TVector one = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(1));
            TVector m = TWidth.DivideSingle(sum, TWidth.Select(TWidth.Equal(divisor, default), one, divisor));
            error = AgreeingSum.ErrorOf(m, scale);
            return m;
        }
    }
}
