using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels;

/// <summary>
/// <see cref="CombineKernel"/> in binary32 where that decides the result, which is then the same to the bit: to types of 16 bits,
/// from types whose values are binary32 values.
/// </summary>
/// <remarks>
/// The error bound is the one that the processor's loop proves (<c>Backends.Cpu.Linear.CombineKernel</c>): with n terms,
/// u = 2⁻²⁴, and T = Σ|wᵢ||dᵢ|, the sum s of wᵢ·(xᵢ − b) in binary32 is within (n + 5)·u·(|s| + 2T) of the sum that defines the
/// result, whether or not a product is rounded before it is added. An element whose result may be another within twice that
/// bound is computed once more, alone (A. Ziv, ACM TOMS 17(3), 1991). Of BF16 sums of random numbers that is about one in three
/// thousand. Models that were tuned from one base differ by few last places, so that sums lie at or next to a half of one far
/// more often: one in two where weights are 0.5. Those of short weights are decided by <see cref="ExactSingleSum"/>, the others
/// in binary64, as the definition has it. Each thread goes over its own undecided elements. Results that are not finite are never
/// decided in binary32. This is for devices with few binary64 units; others compute as <see cref="CombineKernel"/>.
/// </remarks>
internal static class SingleCombineKernel
{
    private const int MaxTerms = 64;
    private const double LargestWeightSum = 1 << 16;
    private const float Tiny = 1e-35f;

    /// <summary>Whether the conditions of the error bound hold for a combination.</summary>
    public static bool CanRun(LinearCombination combination)
    {
        // Where b is subtracted and not added, its size alone can make the double sum inexact. Binary32 then decides nothing.
        if (combination.StartsFromBase != combination.UsesBase || combination.Terms.Length > MaxTerms)
            return false;
        double weights = 0;
        foreach (Term term in combination.Terms)
            weights += Math.Abs((double)term.Weight);
        return weights <= LargestWeightSum;
    }

    /// <summary>Twice the relative error bound of a sum of n terms in binary32: 2·(n + 5)·u.</summary>
    public static float ErrorScale(int terms) => 2 * (terms + 5) * (1f / (1 << 24));

    public static void Run<TInput, TOutput>(
        ArrayView<Words4> inputs,
        ArrayView<Words4> output,
        ArrayView<Words4> terms,
        ArrayView<long> counts,
        CombineShape shape)
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceRounding
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            EightFloats b = default;
            if (shape.UsesBase != 0)
                b = TInput.LoadSingles(inputs, 0, group);

            EightFloats sum = b;
            EightFloats bound = EightFloats.All(Tiny);
            long start = shape.UsesBase * shape.Stride;
            for (int k = 0; k < shape.Terms; k++)
            {
                Words4 term = terms[k];
                EightFloats d = TInput.LoadSingles(inputs, start, group);
                if (DeviceTerm.IsRelative(term))
                    d = EightFloats.Subtract(d, b);
                sum = EightFloats.MultiplyAdd(sum, DeviceTerm.Weight(term), d);
                bound = EightFloats.MultiplyAdd(bound, DeviceTerm.Error(term), EightFloats.Abs(d));
                start += shape.Stride;
            }

            bound = EightFloats.MultiplyAdd(bound, shape.ErrorScale, EightFloats.Abs(sum));
            uint undecided = Store<TOutput>(sum, bound, output, group);
            if (undecided != 0)
                Decide<TInput, TOutput>(inputs, output, terms, counts, shape, group, undecided);
        }
    }

    /// <summary>Writes a group of rounded sums.</summary>
    /// <returns>A mask in which bit k is set if element k is not decided.</returns>
    private static uint Store<TOutput>(EightFloats sum, EightFloats bound, ArrayView<Words4> output, long group)
        where TOutput : unmanaged, IDeviceRounding
    {
        uint r0 = TOutput.RoundApproximation(sum.E0, bound.E0);
        uint r1 = TOutput.RoundApproximation(sum.E1, bound.E1);
        uint r2 = TOutput.RoundApproximation(sum.E2, bound.E2);
        uint r3 = TOutput.RoundApproximation(sum.E3, bound.E3);
        uint r4 = TOutput.RoundApproximation(sum.E4, bound.E4);
        uint r5 = TOutput.RoundApproximation(sum.E5, bound.E5);
        uint r6 = TOutput.RoundApproximation(sum.E6, bound.E6);
        uint r7 = TOutput.RoundApproximation(sum.E7, bound.E7);
        output[group] = new Words4(
            TwoBytes.Pack(r0 & 0xFFFF, r1),
            TwoBytes.Pack(r2 & 0xFFFF, r3),
            TwoBytes.Pack(r4 & 0xFFFF, r5),
            TwoBytes.Pack(r6 & 0xFFFF, r7));
        return (r0 >> 31)
            | ((r1 >> 31) << 1)
            | ((r2 >> 31) << 2)
            | ((r3 >> 31) << 3)
            | ((r4 >> 31) << 4)
            | ((r5 >> 31) << 5)
            | ((r6 >> 31) << 6)
            | ((r7 >> 31) << 7);
    }

    /// <summary>Computes the undecided elements of a group, one by one.</summary>
    private static void Decide<TInput, TOutput>(
        ArrayView<Words4> inputs,
        ArrayView<Words4> output,
        ArrayView<Words4> terms,
        ArrayView<long> counts,
        CombineShape shape,
        long group,
        uint undecided)
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceRounding
    {
        uint nonFinite = 0;
        for (uint left = undecided; left != 0; left &= left - 1)
        {
            // Neighbouring threads wait for the one with the most undecided elements, and not for each place where any has one.
            int element = LowestBit(left);
            long index = (group * Eight.Count) + element;
            float exact = float.NaN;
            if (!TInput.IsSingle && shape.HasShortWeights != 0)
                exact = ExactSingleSum.OrNaN<TInput>(inputs, terms, shape, index);

            uint encoded;
            if (float.IsNaN(exact))
                encoded = TOutput.Encode(Sum<TInput>(inputs, terms, shape, index));
            else
                encoded = TOutput.EncodeSingle(exact);
            output.Cast<ushort>()[index] = (ushort)encoded;
            if (!TOutput.IsFinite(encoded))
                nonFinite |= 1u << element;
        }

        if (nonFinite != 0)
            CombineKernel.Count<TInput>(inputs, counts, shape, group, nonFinite);
    }

    /// <summary>Computes the sum of one element as <see cref="CombineKernel"/> defines it.</summary>
    private static double Sum<TInput>(ArrayView<Words4> inputs, ArrayView<Words4> terms, CombineShape shape, long index)
        where TInput : unmanaged, IDeviceElement
    {
        double b = 0;
        if (shape.UsesBase != 0)
            b = TInput.LoadOne(inputs, 0, index);

        double acc = b;
        long start = shape.UsesBase * shape.Stride;
        for (int k = 0; k < shape.Terms; k++)
        {
            Words4 term = terms[k];
            double weight = DeviceTerm.Weight(term);
            acc += weight * TInput.LoadOne(inputs, start, index);
            if (DeviceTerm.IsRelative(term))
                acc += -weight * b;
            start += shape.Stride;
        }

        return acc;
    }

    /// <summary>The place of the lowest of eight bits that is set.</summary>
    private static int LowestBit(uint bits)
    {
        uint lowest = bits & (0 - bits);
        return Utilities.Select((lowest & 0xAA) != 0, 1, 0)
            + Utilities.Select((lowest & 0xCC) != 0, 2, 0)
            + Utilities.Select((lowest & 0xF0) != 0, 4, 0);
    }
}
