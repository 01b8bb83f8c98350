using System.Runtime.CompilerServices;
using DemEngine.Backends.Cpu.Linear;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Computes y = b + m over a block, where m combines its differences as <see cref="Consensus"/> says, in double vectors and one
/// element at a time.
/// </summary>
internal static class ConsensusKernel<TBase, TOutput, TWidth, TVector>
    where TBase : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <returns>Number of results that are not finite.</returns>
    public static NonFinite Run(in ConsensusBlock<TWidth, TVector> mixed)
    {
        int whole = mixed.Block.Count - (mixed.Block.Count % TWidth.Lanes);
        NonFinite nonFinite = SingleConsensusKernel<TBase, TOutput, TWidth, TVector>.CanRun(mixed)
            ? SingleFirst.Run(new Loop(mixed), whole, TWidth.Lanes)
            : RunDouble(mixed, 0, whole);
        return nonFinite + RunScalar(mixed, whole, mixed.Block.Count);
    }

    /// <summary>Runs over whole vectors in double.</summary>
    public static NonFinite RunDouble(in ConsensusBlock<TWidth, TVector> mixed, int start, int end) => mixed.Mixing switch
    {
        Consensus.Sum => Run<WeightedSum>(mixed, start, end),
        Consensus.Agreeing => Run<AgreeingSum>(mixed, start, end),
        Consensus.AgreeingMean => Run<AgreeingMean>(mixed, start, end),
        _ => Run<OverlapMean>(mixed, start, end),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NonFinite Run<TMixing>(in ConsensusBlock<TWidth, TVector> mixed, int start, int end)
        where TMixing : IVectorMixing
    {
        NonFinite nonFinite = default;
        ref byte b = ref mixed.Base.Origin;
        ref byte output = ref mixed.Output.Origin;
        for (int i = start; i < end; i += TWidth.Lanes)
        {
            TMixing.Mix(mixed, i, out TVector lower, out TVector upper);
            TBase.Load<TWidth, TVector>(
                ref Unsafe.AddByteOffset(ref b, (nuint)i * (nuint)TBase.Size), out TVector baseLower, out TVector baseUpper);
            lower = TWidth.AddDouble(baseLower, lower);
            upper = TWidth.AddDouble(baseUpper, upper);
            if (TOutput.Store<TWidth, TVector>(
                lower, upper, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size)))
                nonFinite += RunScalar(mixed, i, i + TWidth.Lanes);
        }

        return nonFinite;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NonFinite RunScalar(in ConsensusBlock<TWidth, TVector> mixed, int start, int end)
    {
        long nonFinite = 0;
        for (int i = start; i < end; i++)
        {
            double b = TBase.Read(ref Unsafe.AddByteOffset(ref mixed.Base.Origin, (nuint)i * (nuint)TBase.Size));
            if (!TOutput.Write(
                b + mixed.Mix(i), ref Unsafe.AddByteOffset(ref mixed.Output.Origin, (nuint)i * (nuint)TOutput.Size)))
                nonFinite++;
        }

        return new NonFinite(0, nonFinite);
    }

    private readonly ref struct Loop(ConsensusBlock<TWidth, TVector> mixed) : ISingleOrDouble
    {
        private readonly ConsensusBlock<TWidth, TVector> _mixed = mixed;

        public NonFinite RunSingle(int start, int end, ref int undecided) =>
            SingleConsensusKernel<TBase, TOutput, TWidth, TVector>.Run(_mixed, start, end, ref undecided);

        public NonFinite RunDouble(int start, int end) =>
            ConsensusKernel<TBase, TOutput, TWidth, TVector>.RunDouble(_mixed, start, end);
    }

    private interface IVectorMixing
    {
        static abstract void Mix(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper);
    }

    private readonly struct WeightedSum : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            lower = default;
            upper = default;
            for (int k = 0; k < weights.Length; k++)
            {
                TVector weight = TWidth.BroadcastDouble(weights[k].Weight);
                lower = TWidth.MultiplyAddExact(weight, mixed.WideDelta(k, i), lower);
                upper = TWidth.MultiplyAddExact(weight, mixed.WideDelta(k, i + (TWidth.Lanes / 2)), upper);
            }
        }
    }

    private readonly struct AgreeingSum : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            TVector lowerFlip = Majority(mixed, i);
            TVector upperFlip = Majority(mixed, i + (TWidth.Lanes / 2));
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            lower = default;
            upper = default;
            for (int k = 0; k < weights.Length; k++)
            {
                ref readonly ConsensusWeights source = ref weights[k];
                lower = TWidth.AddDouble(lower, Agreeing(source, mixed.WideDelta(k, i), lowerFlip));
                upper = TWidth.AddDouble(upper, Agreeing(source, mixed.WideDelta(k, i + (TWidth.Lanes / 2)), upperFlip));
            }
        }

        /// <summary>Computes masks with the sign bit set where the sum of the votes is negative.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Majority(in ConsensusBlock<TWidth, TVector> mixed, int i)
        {
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector votes = default;
            for (int k = 0; k < weights.Length; k++)
                votes = TWidth.MultiplyAddExact(TWidth.BroadcastDouble(weights[k].Vote), mixed.WideDelta(k, i), votes);
            return TWidth.And(TWidth.LessDouble(votes, default), TWidth.BroadcastDouble(-0.0));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Agreeing(in ConsensusWeights source, TVector delta, TVector flip) =>
            TWidth.Select(
                Disagrees(source, delta, flip), default, TWidth.MultiplyDouble(TWidth.BroadcastDouble(source.Weight), delta));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Disagrees(in ConsensusWeights source, TVector delta, TVector flip) =>
            TWidth.LessOrEqualDouble(
                TWidth.Xor(TWidth.MultiplyDouble(TWidth.BroadcastDouble(source.Vote), delta), flip), default);
    }

    private readonly struct AgreeingMean : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            lower = Mean(mixed, i);
            upper = Mean(mixed, i + (TWidth.Lanes / 2));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Mean(in ConsensusBlock<TWidth, TVector> mixed, int i)
        {
            TVector flip = AgreeingSum.Majority(mixed, i);
            ReadOnlySpan<ConsensusWeights> weights = mixed.Weights;
            TVector sum = default;
            TVector divisor = default;
            for (int k = 0; k < weights.Length; k++)
            {
                ref readonly ConsensusWeights source = ref weights[k];
                TVector delta = mixed.WideDelta(k, i);
                TVector disagrees = AgreeingSum.Disagrees(source, delta, flip);
                sum = TWidth.AddDouble(
                    sum, TWidth.Select(disagrees, default, TWidth.MultiplyDouble(TWidth.BroadcastDouble(source.Weight), delta)));
                divisor = TWidth.AddDouble(divisor, TWidth.Select(disagrees, default, TWidth.BroadcastDouble(source.Share)));
            }

            return TWidth.DivideDouble(
                sum, TWidth.Select(TWidth.EqualDouble(divisor, default), TWidth.BroadcastDouble(1), divisor));
        }
    }

    private readonly struct OverlapMean : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in ConsensusBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
            TVector one = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(1));
            TVector count = default;
            lower = upper = default;
            TVector lowerShared = default;
            TVector upperShared = default;
            for (int k = 0; k < mixed.Weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector isThere = TWidth.Less(default, TWidth.And(delta, signOff));
                count = TWidth.AddSingle(count, TWidth.And(isThere, one));
                TVector ofLower = TWidth.WidenLower(delta);
                TVector ofUpper = TWidth.WidenUpper(delta);
                TVector weight = TWidth.BroadcastDouble(mixed.Weights[k].Weight);
                TVector share = TWidth.BroadcastDouble(mixed.Weights[k].Share);
                lower = TWidth.MultiplyAddExact(weight, ofLower, lower);
                upper = TWidth.MultiplyAddExact(weight, ofUpper, upper);
                lowerShared = TWidth.MultiplyAddExact(share, ofLower, lowerShared);
                upperShared = TWidth.MultiplyAddExact(share, ofUpper, upperShared);
            }

            TVector lowerCount = TWidth.WidenLower(count);
            TVector upperCount = TWidth.WidenUpper(count);
            TVector several = TWidth.BroadcastDouble(1);
            lower = TWidth.Select(TWidth.LessDouble(several, lowerCount), TWidth.DivideDouble(lowerShared, lowerCount), lower);
            upper = TWidth.Select(TWidth.LessDouble(several, upperCount), TWidth.DivideDouble(upperShared, upperCount), upper);
        }
    }
}
