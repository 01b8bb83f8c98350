using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>
/// Loop of <see cref="LinearCombination"/> over inputs of one element type, in three ways that give the same bits, each falling
/// back on the next: binary32 arithmetic where it decides the result, double vectors, and one element at a time. The last way
/// also counts non-finite values.
/// </summary>
/// <remarks>
/// Binary32 may decide the result for the following reason. Let u = 2⁻²⁴, let n be the number of terms, dᵢ = xᵢ − b (or xᵢ), T =
/// Σ|wᵢ||dᵢ| and M = |b| + T, where |b| counts only if the sum starts from b. Each difference is off by at most u|dᵢ|. Each step
/// of s += wᵢ·dᵢ adds at most u|wᵢdᵢ| (if the product is rounded) and u|s| ≤ u·M(1 + 2nu). The double sum that defines the result
/// is within 2n·2⁻⁵³·M(1 + 2Σ|wᵢ|) of the true one, which is less than u·M by the limits below. T itself, summed in binary32, is
/// off by a few u·T, and underflow is less than the constant that is added to it. So |s − acc| &lt; (n + 5)·u·M ≤ (n + 5)·u·(|s|
/// + 2T). If no value that near rounds differently, the result is decided (A. Ziv, "Fast evaluation of elementary mathematical
/// functions with correctly rounded last bit", ACM TOMS 17(3), 1991).
/// </remarks>
internal static class CombineKernel<TInput, TOutput, TWidth, TVector>
    where TInput : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int MaxTerms = 64;
    private const double LargestWeightSum = 1 << 16;

    public static NonFinite Run(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        int first = combination.UsesBase ? 1 : 0;
        Span<PreparedTerm> terms = combination.Terms.Length <= MaxTerms
            ? stackalloc PreparedTerm[combination.Terms.Length]
            : new PreparedTerm[combination.Terms.Length];
        double weightSum = 0;
        for (int s = 0; s < terms.Length; s++)
        {
            terms[s] = new PreparedTerm(combination.Terms[s], inputs[s + first].Bytes, 2 * ErrorScale(terms.Length));
            weightSum += Math.Abs(terms[s].Weight);
        }

        var sum = new PreparedSum(
            first == 1 ? inputs[0].Bytes : default, combination.UsesBase, combination.StartsFromBase, terms, output.Bytes);

        int end = output.Count - (output.Count % TWidth.Lanes);

        // Where b is subtracted and not added, its size alone can make the double sum inexact. Binary32 then decides nothing.
        bool single = TInput.FitsSingle
            && TOutput.CanRoundApproximations
            && combination.StartsFromBase == combination.UsesBase
            && terms.Length <= MaxTerms
            && weightSum <= LargestWeightSum;
        NonFinite nonFinite = single ? SingleFirst.Run(new Loop(sum), end, TWidth.Lanes) : RunDouble(sum, 0, end);
        return nonFinite + RunScalar(sum, end, output.Count);
    }

    /// <summary>The relative error bound of a sum of n terms in binary32: (n + 5)·u.</summary>
    private static float ErrorScale(int terms) => (terms + 5) * (1f / (1 << 24));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NonFinite RunSingle(in PreparedSum sum, int start, int end, ref int undecided)
    {
        ReadOnlySpan<PreparedTerm> terms = sum.Terms;
        ref byte baseOrigin = ref sum.Base.Origin;
        ref byte output = ref sum.Output.Origin;
        bool usesBase = sum.UsesBase;
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        float errorScale = ErrorScale(terms.Length);
        TVector scale = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(errorScale));
        TVector tiny = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(1e-35f));
        NonFinite nonFinite = default;

        // Two vectors at a time share the work that is done once for each term.
        int i = start;
        for (; i <= end - (2 * TWidth.Lanes); i += 2 * TWidth.Lanes)
        {
            nuint at = (nuint)i * (nuint)TInput.Size;
            TVector b0 = default;
            TVector b1 = default;
            if (usesBase)
            {
                sum.Base.PrefetchPage(at);
                LoadPair(ref Unsafe.AddByteOffset(ref baseOrigin, at), out b0, out b1);
            }

            TVector sum0 = b0;
            TVector sum1 = b1;
            TVector moved0 = tiny;
            TVector moved1 = tiny;
            for (int s = 0; s < terms.Length; s++)
            {
                ref readonly PreparedTerm term = ref terms[s];
                term.Source.PrefetchPage(at);
                LoadPair(ref Unsafe.AddByteOffset(ref term.Source.Origin, at), out TVector d0, out TVector d1);
                if (term.IsRelative)
                {
                    d0 = TWidth.SubtractSingle(d0, b0);
                    d1 = TWidth.SubtractSingle(d1, b1);
                }

                TVector weight = TWidth.Broadcast(term.WeightBits);
                TVector error = TWidth.Broadcast(term.ErrorBits);
                sum0 = TWidth.MultiplyAddSingle(weight, d0, sum0);
                sum1 = TWidth.MultiplyAddSingle(weight, d1, sum1);
                moved0 = TWidth.MultiplyAddSingle(error, TWidth.And(d0, signOff), moved0);
                moved1 = TWidth.MultiplyAddSingle(error, TWidth.And(d1, signOff), moved1);
            }

            TVector bound0 = TWidth.MultiplyAddSingle(TWidth.And(sum0, signOff), scale, moved0);
            TVector bound1 = TWidth.MultiplyAddSingle(TWidth.And(sum1, signOff), scale, moved1);
            TVector rounded0 = TOutput.RoundApproximation<TWidth, TVector>(sum0, bound0, out TVector decided0);
            TVector rounded1 = TOutput.RoundApproximation<TWidth, TVector>(sum1, bound1, out TVector decided1);
            if (TWidth.AllNegative(TWidth.And(decided0, decided1)))
            {
                StorePair(rounded0, rounded1, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size));
            }
            else
            {
                undecided += 2;
                nonFinite += RunDouble(sum, i, i + (2 * TWidth.Lanes));
            }
        }

        return nonFinite + RunDouble(sum, i, end);
    }

    // Separating even from odd elements is cheapest, and possible between types of the same size.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadPair(ref byte source, out TVector first, out TVector second)
    {
        if (TInput.CanRoundApproximations && TInput.Size == TOutput.Size)
        {
            TInput.LoadInterleaved<TWidth, TVector>(in source, out first, out second);
        }
        else
        {
            first = TInput.LoadSingles<TWidth, TVector>(in source);
            second = TInput.LoadSingles<TWidth, TVector>(
                ref Unsafe.AddByteOffset(ref source, (nuint)TWidth.Lanes * (nuint)TInput.Size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(TVector first, TVector second, ref byte destination)
    {
        if (TInput.CanRoundApproximations && TInput.Size == TOutput.Size)
        {
            TOutput.StoreInterleaved<TWidth, TVector>(first, second, ref destination);
        }
        else
        {
            TOutput.StoreRounded<TWidth, TVector>(first, ref destination);
            TOutput.StoreRounded<TWidth, TVector>(
                second, ref Unsafe.AddByteOffset(ref destination, (nuint)TWidth.Lanes * (nuint)TOutput.Size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static NonFinite RunDouble(in PreparedSum sum, int start, int end)
    {
        ReadOnlySpan<PreparedTerm> terms = sum.Terms;
        ref byte baseOrigin = ref sum.Base.Origin;
        ref byte output = ref sum.Output.Origin;
        bool usesBase = sum.UsesBase;
        bool startsFromBase = sum.StartsFromBase;
        NonFinite nonFinite = default;

        for (int i = start; i < end; i += TWidth.Lanes)
        {
            nuint at = (nuint)i * (nuint)TInput.Size;
            TVector baseLower = default;
            TVector baseUpper = default;
            if (usesBase)
                TInput.Load<TWidth, TVector>(ref Unsafe.AddByteOffset(ref baseOrigin, at), out baseLower, out baseUpper);

            TVector lower = startsFromBase ? baseLower : default;
            TVector upper = startsFromBase ? baseUpper : default;
            for (int s = 0; s < terms.Length; s++)
            {
                ref readonly PreparedTerm term = ref terms[s];
                ref byte from = ref Unsafe.AddByteOffset(ref term.Source.Origin, at);
                TInput.Load<TWidth, TVector>(ref from, out TVector xLower, out TVector xUpper);
                TVector weight = TWidth.BroadcastDouble(term.Weight);
                lower = MultiplyAdd(weight, xLower, lower);
                upper = MultiplyAdd(weight, xUpper, upper);
                if (term.IsRelative)
                {
                    TVector opposite = TWidth.BroadcastDouble(-term.Weight);
                    lower = MultiplyAdd(opposite, baseLower, lower);
                    upper = MultiplyAdd(opposite, baseUpper, upper);
                }
            }

            if (TOutput.Store<TWidth, TVector>(
                lower, upper, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size)))
                nonFinite += RunScalar(sum, i, i + TWidth.Lanes);
        }

        return nonFinite;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NonFinite RunScalar(in PreparedSum sum, int start, int end)
    {
        long inputsHit = 0;
        long outputsHit = 0;
        for (int i = start; i < end; i++)
        {
            double b = sum.UsesBase ? Read(sum.Base, i) : 0;
            double acc = sum.StartsFromBase ? b : 0;
            foreach (ref readonly PreparedTerm term in sum.Terms)
            {
                acc += term.Weight * Read(term.Source, i);
                if (term.IsRelative)
                    acc -= term.Weight * b;
            }

            if (TOutput.Write(acc, ref Unsafe.AddByteOffset(ref sum.Output.Origin, (nuint)i * (nuint)TOutput.Size)))
                continue;

            outputsHit++;
            inputsHit += double.IsFinite(b) ? 0 : 1;
            foreach (ref readonly PreparedTerm term in sum.Terms)
                inputsHit += double.IsFinite(Read(term.Source, i)) ? 0 : 1;
        }

        return new NonFinite(inputsHit, outputsHit);
    }

    private static double Read(NativeBytes input, int index) =>
        TInput.Read(ref Unsafe.AddByteOffset(ref input.Origin, (nuint)index * (nuint)TInput.Size));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector MultiplyAdd(TVector a, TVector b, TVector c) =>
        TInput.FitsSingle ? TWidth.MultiplyAddExact(a, b, c) : TWidth.MultiplyAddRounded(a, b, c);

    private readonly ref struct Loop(PreparedSum sum) : ISingleOrDouble
    {
        private readonly PreparedSum _sum = sum;

        public NonFinite RunSingle(int start, int end, ref int undecided) =>
            CombineKernel<TInput, TOutput, TWidth, TVector>.RunSingle(_sum, start, end, ref undecided);

        public NonFinite RunDouble(int start, int end) =>
            CombineKernel<TInput, TOutput, TWidth, TVector>.RunDouble(_sum, start, end);
    }
}
