using System.Runtime.CompilerServices;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>y = b + m over a block, m mixed from its differences as <see cref="DeltaMixing"/> says; vectors in double, and one element at a time.</summary>
internal static class MixKernel<TBase, TOutput, TWidth, TVector>
    where TBase : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <returns>The number of results that are not finite.</returns>
    public static long Run(in MixedBlock<TWidth, TVector> mixed)
    {
        int whole = mixed.Block.Count - (mixed.Block.Count % TWidth.Lanes);
        long nonFinite = mixed.Mixing switch
        {
            DeltaMixing.Sum => Run<WeightedSum>(mixed, whole),
            DeltaMixing.Agreeing => Run<AgreeingSum>(mixed, whole),
            DeltaMixing.AgreeingMean => Run<AgreeingMean>(mixed, whole),
            _ => Run<OverlapMean>(mixed, whole),
        };
        return nonFinite + RunScalar(mixed, whole, mixed.Block.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Run<TMixing>(in MixedBlock<TWidth, TVector> mixed, int end)
        where TMixing : IVectorMixing
    {
        long nonFinite = 0;
        ref byte b = ref mixed.Base.Origin;
        ref byte output = ref mixed.Output.Origin;
        for (int i = 0; i < end; i += TWidth.Lanes)
        {
            TMixing.Mix(mixed, i, out TVector lower, out TVector upper);
            TBase.Load<TWidth, TVector>(ref Unsafe.AddByteOffset(ref b, (nuint)i * (nuint)TBase.Size), out TVector baseLower, out TVector baseUpper);
            lower = TWidth.AddDouble(baseLower, lower);
            upper = TWidth.AddDouble(baseUpper, upper);
            if (TOutput.Store<TWidth, TVector>(lower, upper, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size)))
                nonFinite += RunScalar(mixed, i, i + TWidth.Lanes);
        }

        return nonFinite;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long RunScalar(in MixedBlock<TWidth, TVector> mixed, int start, int end)
    {
        long nonFinite = 0;
        for (int i = start; i < end; i++)
        {
            double b = TBase.Read(ref Unsafe.AddByteOffset(ref mixed.Base.Origin, (nuint)i * (nuint)TBase.Size));
            if (!TOutput.Write(b + mixed.Mix(i), ref Unsafe.AddByteOffset(ref mixed.Output.Origin, (nuint)i * (nuint)TOutput.Size)))
                nonFinite++;
        }

        return nonFinite;
    }

    private interface IVectorMixing
    {
        static abstract void Mix(in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper);
    }

    private readonly struct WeightedSum : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            lower = default;
            upper = default;
            for (int k = 0; k < mixed.Weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector weight = TWidth.BroadcastDouble(mixed.Weights[k].Weight);
                lower = TWidth.MultiplyAddExact(weight, TWidth.WidenLower(delta), lower);
                upper = TWidth.MultiplyAddExact(weight, TWidth.WidenUpper(delta), upper);
            }
        }
    }

    private readonly struct AgreeingSum : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper) =>
            Agreement.Mix(mixed, i, out lower, out upper, out _, out _);
    }

    private readonly struct AgreeingMean : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
        {
            Agreement.Mix(mixed, i, out lower, out upper, out TVector lowerShare, out TVector upperShare);
            TVector one = TWidth.BroadcastDouble(1);
            lower = TWidth.DivideDouble(lower, TWidth.Select(TWidth.EqualDouble(lowerShare, default), one, lowerShare));
            upper = TWidth.DivideDouble(upper, TWidth.Select(TWidth.EqualDouble(upperShare, default), one, upperShare));
        }
    }

    /// <summary>The sums over the sources that agree with the majority.</summary>
    private static class Agreement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(
            in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper, out TVector lowerShare, out TVector upperShare)
        {
            TVector lowerVotes = default;
            TVector upperVotes = default;
            for (int k = 0; k < mixed.Weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                TVector vote = TWidth.BroadcastDouble(mixed.Weights[k].Vote);
                lowerVotes = TWidth.MultiplyAddExact(vote, TWidth.WidenLower(delta), lowerVotes);
                upperVotes = TWidth.MultiplyAddExact(vote, TWidth.WidenUpper(delta), upperVotes);
            }

            TVector sign = TWidth.BroadcastDouble(-0.0);
            TVector lowerFlip = TWidth.And(TWidth.LessDouble(lowerVotes, default), sign);
            TVector upperFlip = TWidth.And(TWidth.LessDouble(upperVotes, default), sign);
            lower = upper = lowerShare = upperShare = default;
            for (int k = 0; k < mixed.Weights.Length; k++)
            {
                TVector delta = mixed.Delta(k, i);
                DeltaWeights weights = mixed.Weights[k];
                Add(weights, TWidth.WidenLower(delta), lowerFlip, ref lower, ref lowerShare);
                Add(weights, TWidth.WidenUpper(delta), upperFlip, ref upper, ref upperShare);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add(DeltaWeights weights, TVector delta, TVector flip, ref TVector sum, ref TVector share)
        {
            TVector vote = TWidth.Xor(TWidth.MultiplyDouble(TWidth.BroadcastDouble(weights.Vote), delta), flip);
            TVector disagrees = TWidth.LessOrEqualDouble(vote, default);
            sum = TWidth.AddDouble(sum, TWidth.Select(disagrees, default, TWidth.MultiplyDouble(TWidth.BroadcastDouble(weights.Weight), delta)));
            share = TWidth.AddDouble(share, TWidth.Select(disagrees, default, TWidth.BroadcastDouble(weights.Share)));
        }
    }

    private readonly struct OverlapMean : IVectorMixing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Mix(in MixedBlock<TWidth, TVector> mixed, int i, out TVector lower, out TVector upper)
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
