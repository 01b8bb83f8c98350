using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Backends.Cpu.Linear;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// Loop of a <see cref="ProductSum"/> over a strip whose low-rank changes are estimated: in binary32 where that decides the
/// result, and else one element at a time, as the sum is defined.
/// </summary>
/// <remarks>
/// The bound is that of <see cref="CombineKernel{TInput, TOutput, TWidth, TVector}"/> for a sum of two terms more: the estimate p
/// is one, whose size counts with the others', and the rounding of changed tensors to binary32 is less than another. The bound on
/// p's own error is added. Where nothing is stored but an unchanged base, b + p is rounded once, by at most u·|acc|, and all
/// other errors are p's own.
/// </remarks>
internal static class ProductSumKernel<TInput, TOutput, TWidth, TVector>
    where TInput : IFloatElement
    where TOutput : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Computes the elements of a strip.</summary>
    /// <param name="sum">The sum over the tile.</param>
    /// <param name="estimate">Estimates of the strip's changes.</param>
    /// <param name="strip">The strip.</param>
    /// <param name="error">Bound on the error of the sum in binary32.</param>
    /// <param name="undecided">Counter to which the number of elements is added that binary32 did not decide.</param>
    public static NonFinite Run(
        in ProductSum sum, StripEstimate<TWidth, TVector> estimate, in Strip strip, SumError error, ref int undecided)
    {
        NonFinite nonFinite = default;
        Span<uint> undecidedLanes = stackalloc uint[strip.Columns / TWidth.Lanes];
        for (int row = 0; row < strip.Rows; row++)
        {
            if (sum.Base.Length > 0 && sum.StoredTerms.Length == 0 && error.OfTerms == 0)
                BaseVectors(sum, estimate, strip, row, error, undecidedLanes);
            else
                Vectors(sum, estimate, strip, row, error, undecidedLanes);
            for (int vector = 0; vector < undecidedLanes.Length; vector++)
            {
                for (uint left = undecidedLanes[vector]; left != 0; left &= left - 1)
                {
                    undecided++;
                    nonFinite += Element(sum, strip, row, (vector * TWidth.Lanes) + BitOperations.TrailingZeroCount(left));
                }
            }

            for (int column = undecidedLanes.Length * TWidth.Lanes; column < strip.Columns; column++)
                nonFinite += Element(sum, strip, row, column);
        }

        return nonFinite;
    }

    /// <summary>The same as <see cref="Vectors"/>, where nothing is stored but an unchanged base.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BaseVectors(
        in ProductSum sum, StripEstimate<TWidth, TVector> estimate, in Strip strip, int row, SumError error,
        Span<uint> undecidedLanes)
    {
        int columns = undecidedLanes.Length * TWidth.Lanes;
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(estimate.SumsOf(row)[..columns]));
        ref byte ofColumns = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(estimate.ColumnBounds[..columns]));
        nuint first = (nuint)(strip.First + (row * strip.RowElements));
        ref byte from = ref Unsafe.AddByteOffset(ref sum.Base.Origin, first * (nuint)TInput.Size);
        ref byte output = ref Unsafe.AddByteOffset(ref sum.Output.Origin, first * (nuint)TOutput.Size);
        TVector ofRow = TWidth.BroadcastSingle(estimate.RowBounds[row]);
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        TVector ofSum = TWidth.BroadcastSingle(error.OfSum);
        TVector tiny = TWidth.BroadcastSingle(1e-35f);
        uint all = TWidth.TopBits(TWidth.Broadcast(uint.MaxValue));
        for (int vector = 0; vector < undecidedLanes.Length; vector++)
        {
            nuint column = (nuint)vector * (nuint)TWidth.Lanes;
            nuint inStrip = column * sizeof(float);
            TVector b = TInput.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref from, column * (nuint)TInput.Size));
            TVector acc = TWidth.AddSingle(b, TWidth.Load(ref Unsafe.AddByteOffset(ref sums, inStrip)));
            TVector bound = TWidth.MultiplyAddSingle(ofRow, TWidth.Load(ref Unsafe.AddByteOffset(ref ofColumns, inStrip)), tiny);
            bound = TWidth.MultiplyAddSingle(TWidth.And(acc, signOff), ofSum, bound);
            TVector rounded = TOutput.RoundApproximation<TWidth, TVector>(acc, bound, out TVector decided);
            TOutput.StoreRounded<TWidth, TVector>(
                rounded, ref Unsafe.AddByteOffset(ref output, column * (nuint)TOutput.Size));
            undecidedLanes[vector] = TWidth.TopBits(decided) ^ all;
        }
    }

    /// <summary>
    /// Computes whole vectors of a row, and notes the lanes of each that are not decided. They are computed after the loop: with
    /// a call in it no vector would stay in its register.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vectors(
        in ProductSum sum, StripEstimate<TWidth, TVector> estimate, in Strip strip, int row, SumError error,
        Span<uint> undecidedLanes)
    {
        ReadOnlySpan<PreparedTerm> terms = sum.StoredTerms;
        int columns = undecidedLanes.Length * TWidth.Lanes;
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(estimate.SumsOf(row)[..columns]));
        ref byte ofColumns = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(estimate.ColumnBounds[..columns]));
        TVector ofRow = TWidth.BroadcastSingle(estimate.RowBounds[row]);
        ref byte baseOrigin = ref sum.Base.Origin;
        ref byte output = ref sum.Output.Origin;
        bool hasBase = sum.Base.Length > 0;
        int first = strip.First + (row * strip.RowElements);
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        TVector ofSum = TWidth.BroadcastSingle(error.OfSum);
        TVector ofEstimate = TWidth.BroadcastSingle(error.OfTerms);
        TVector tiny = TWidth.BroadcastSingle(1e-35f);
        uint all = TWidth.TopBits(TWidth.Broadcast(uint.MaxValue));
        for (int vector = 0; vector < undecidedLanes.Length; vector++)
        {
            int column = vector * TWidth.Lanes;
            nuint at = (nuint)(first + column) * (nuint)TInput.Size;
            nuint inStrip = (nuint)column * sizeof(float);
            TVector p = TWidth.Load(ref Unsafe.AddByteOffset(ref sums, inStrip));
            TVector moved = TWidth.MultiplyAddSingle(ofRow, TWidth.Load(ref Unsafe.AddByteOffset(ref ofColumns, inStrip)), tiny);
            moved = TWidth.MultiplyAddSingle(ofEstimate, TWidth.And(p, signOff), moved);
            TVector b = default;
            TVector acc = p;
            if (hasBase)
            {
                sum.Base.PrefetchPage(at);
                b = TInput.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref baseOrigin, at));
                acc = TWidth.AddSingle(b, p);
            }

            for (int s = 0; s < terms.Length; s++)
            {
                ref readonly PreparedTerm term = ref terms[s];
                term.Source.PrefetchPage(at);
                TVector d = TInput.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref term.Source.Origin, at));
                if (term.IsRelative)
                    d = TWidth.SubtractSingle(d, b);
                acc = TWidth.MultiplyAddSingle(TWidth.Broadcast(term.WeightBits), d, acc);
                moved = TWidth.MultiplyAddSingle(TWidth.Broadcast(term.ErrorBits), TWidth.And(d, signOff), moved);
            }

            TVector bound = TWidth.MultiplyAddSingle(TWidth.And(acc, signOff), ofSum, moved);
            TVector rounded = TOutput.RoundApproximation<TWidth, TVector>(acc, bound, out TVector decided);
            TOutput.StoreRounded<TWidth, TVector>(
                rounded, ref Unsafe.AddByteOffset(ref output, (nuint)(first + column) * (nuint)TOutput.Size));
            undecidedLanes[vector] = TWidth.TopBits(decided) ^ all;
        }
    }

    /// <summary>Computes one element as <see cref="LinearCombination"/> defines it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NonFinite Element(in ProductSum sum, in Strip strip, int row, int column)
    {
        int i = strip.First + (row * strip.RowElements) + column;
        int used = sum.StartsFromBase ? 1 : 0;
        double b = used == 1 ? Input(sum.Base, sum.Changes[0], strip, row, column, i) : 0;
        double acc = b;
        long inputsHit = double.IsFinite(b) ? 0 : 1;
        for (int s = 0; s < sum.Terms.Length; s++)
        {
            ref readonly PreparedTerm term = ref sum.Terms[s];
            double x = Input(term.Source, sum.Changes[s + used], strip, row, column, i);
            acc += term.Weight * x;
            if (term.IsRelative)
                acc -= term.Weight * b;
            inputsHit += double.IsFinite(x) ? 0 : 1;
        }

        return TOutput.Write(acc, ref Unsafe.AddByteOffset(ref sum.Output.Origin, (nuint)i * (nuint)TOutput.Size))
            ? default
            : new NonFinite(inputsHit, 1);
    }

    private static double Input(NativeBytes source, ChangedTerm? change, in Strip strip, int row, int column, int index)
    {
        double stored = source.Length == 0 ? 0 : Read(source, index);
        return change is null ? stored : change.Element(stored, strip.Row + row, strip.Column + column);
    }

    private static double Read(NativeBytes input, int index) =>
        TInput.Read(ref Unsafe.AddByteOffset(ref input.Origin, (nuint)index * (nuint)TInput.Size));
}
