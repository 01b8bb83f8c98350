using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>
/// The loop of <see cref="LinearCombination"/> over inputs of one element type, in three ways that give the same bits, each falling back
/// on the next: binary32 arithmetic where it decides the result, double vectors, and one element at a time. The last is also where
/// non-finite values are counted.
/// </summary>
/// <remarks>
/// Why binary32 may decide, with u = 2⁻²⁴, n terms, dᵢ = xᵢ − b (or xᵢ), and M = |b| + Σ|wᵢ||dᵢ|: each difference is off by at most
/// u|dᵢ|; each step of s += wᵢ·dᵢ adds at most u|wᵢdᵢ| (if the product is rounded) and u|s| ≤ u·M(1 + 2nu). The double sum that
/// defines the result is within 2n·2⁻⁵³·M(1 + 2Σ|wᵢ|) of the true one, which is less than u·M by the limits below. M itself, summed in
/// binary32, is off by a few u·M, and underflow by less than u times the constant added to it. So |s − acc| &lt; (n + 5)·u·M. Where
/// M &lt; 4|s| this is less than 4(n + 5) units in the last place of s, and if no value that near rounds differently, the result is
/// decided (A. Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM TOMS 17(3), 1991).
/// </remarks>
internal static class CombineKernel<TInput, TOutput, TWidth, TVector>
    where TInput : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int MostTerms = 64;
    private const double LargestWeightSum = 1 << 16;

    // So many vectors are tried in binary32 before it is asked whether that pays; where it does not, so many are done in double.
    private const int Trial = 64;
    private const int Pause = 2048;

    public static NonFinite Run(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        int first = combination.UsesBase ? 1 : 0;
        Span<PreparedTerm> terms = combination.Terms.Length <= MostTerms
            ? stackalloc PreparedTerm[combination.Terms.Length]
            : new PreparedTerm[combination.Terms.Length];
        double weightSum = 0;
        for (int s = 0; s < terms.Length; s++)
        {
            terms[s] = new PreparedTerm(combination.Terms[s], inputs[s + first].Bytes);
            weightSum += Math.Abs(terms[s].Weight);
        }

        var sum = new PreparedSum(
            first == 1 ? inputs[0].Bytes : default, combination.UsesBase, combination.StartsFromBase, terms, output.Bytes);

        int end = output.Count - (output.Count % TWidth.Lanes);
        bool single = TInput.FitsSingle && TOutput.CanRoundApproximations && terms.Length <= MostTerms && weightSum <= LargestWeightSum;
        NonFinite nonFinite = single ? RunSingle(sum, end) : RunDouble(sum, 0, end);
        return nonFinite + RunScalar(sum, end, output.Count);
    }

    private static NonFinite RunSingle(in PreparedSum sum, int end)
    {
        NonFinite nonFinite = default;
        for (int start = 0; start < end;)
        {
            int stop = (int)Math.Min(end, start + ((long)Trial * TWidth.Lanes));
            int undecided = 0;
            nonFinite += RunSingle(sum, start, stop, ref undecided);
            start = stop;

            if (undecided > Trial / 3)
            {
                stop = (int)Math.Min(end, start + ((long)Pause * TWidth.Lanes));
                nonFinite += RunDouble(sum, start, stop);
                start = stop;
            }
        }

        return nonFinite;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NonFinite RunSingle(in PreparedSum sum, int start, int end, ref int undecided)
    {
        ReadOnlySpan<PreparedTerm> terms = sum.Terms;
        ref byte baseOrigin = ref sum.Base.Origin;
        ref byte output = ref sum.Output.Origin;
        bool usesBase = sum.UsesBase;
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        TVector startsFromBase = TWidth.Broadcast(sum.StartsFromBase ? uint.MaxValue : 0);
        TVector two = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(2));
        TVector eight = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(8));
        TVector tiny = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(1e-30f));
        TVector slack = TWidth.Broadcast((uint)(4 * (terms.Length + 5)));
        NonFinite nonFinite = default;

        // Two vectors at a time share what is done once a term.
        int i = start;
        for (; i <= end - (2 * TWidth.Lanes); i += 2 * TWidth.Lanes)
        {
            nuint at = (nuint)i * (nuint)TInput.Size;
            nuint next = (nuint)TWidth.Lanes * (nuint)TInput.Size;
            TVector b0 = default;
            TVector b1 = default;
            if (usesBase)
            {
                ref byte from = ref Unsafe.AddByteOffset(ref baseOrigin, at);
                b0 = TInput.LoadSingles<TWidth, TVector>(ref from);
                b1 = TInput.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref from, next));
            }

            // The bound is twice M, so that it overflows where s is still well within range.
            TVector sum0 = TWidth.And(b0, startsFromBase);
            TVector sum1 = TWidth.And(b1, startsFromBase);
            TVector bound0 = TWidth.MultiplyAddSingle(TWidth.And(sum0, signOff), two, tiny);
            TVector bound1 = TWidth.MultiplyAddSingle(TWidth.And(sum1, signOff), two, tiny);

            for (int s = 0; s < terms.Length; s++)
            {
                ref readonly PreparedTerm term = ref terms[s];
                ref byte from = ref Unsafe.AddByteOffset(ref term.Source.Origin, at);
                TVector d0 = TInput.LoadSingles<TWidth, TVector>(ref from);
                TVector d1 = TInput.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref from, next));
                if (term.IsRelative)
                {
                    d0 = TWidth.SubtractSingle(d0, b0);
                    d1 = TWidth.SubtractSingle(d1, b1);
                }

                TVector weight = TWidth.Broadcast(term.WeightBits);
                TVector twice = TWidth.Broadcast(term.TwiceMagnitudeBits);
                sum0 = TWidth.MultiplyAddSingle(weight, d0, sum0);
                sum1 = TWidth.MultiplyAddSingle(weight, d1, sum1);
                bound0 = TWidth.MultiplyAddSingle(twice, TWidth.And(d0, signOff), bound0);
                bound1 = TWidth.MultiplyAddSingle(twice, TWidth.And(d1, signOff), bound1);
            }

            TVector encoded0 = TOutput.RoundApproximation<TWidth, TVector>(sum0, slack, out TVector decided0);
            TVector encoded1 = TOutput.RoundApproximation<TWidth, TVector>(sum1, slack, out TVector decided1);
            TVector near0 = TWidth.LessSingle(bound0, TWidth.MultiplyAddSingle(TWidth.And(sum0, signOff), eight, default));
            TVector near1 = TWidth.LessSingle(bound1, TWidth.MultiplyAddSingle(TWidth.And(sum1, signOff), eight, default));
            if (TWidth.AllSet(TWidth.And(TWidth.And(decided0, near0), TWidth.And(decided1, near1))))
            {
                ref byte to = ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size);
                TOutput.StoreEncoded<TWidth, TVector>(encoded0, ref to);
                TOutput.StoreEncoded<TWidth, TVector>(encoded1, ref Unsafe.AddByteOffset(ref to, (nuint)TWidth.Lanes * (nuint)TOutput.Size));
            }
            else
            {
                undecided += 2;
                nonFinite += RunDouble(sum, i, i + (2 * TWidth.Lanes));
            }
        }

        return nonFinite + RunDouble(sum, i, end);
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

            if (TOutput.Store<TWidth, TVector>(lower, upper, ref Unsafe.AddByteOffset(ref output, (nuint)i * (nuint)TOutput.Size)))
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
}
