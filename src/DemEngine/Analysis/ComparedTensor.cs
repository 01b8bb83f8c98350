using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Pair of tensors of one shape whose elements are compared; see <see cref="TensorDiff"/>.</summary>
internal sealed class ComparedTensor(TensorReader a, TensorReader b)
    : PassTensor(a.Spec.Name, [a, b], 0, a.Spec.UnitCount)
{
    // Decoded blocks are small enough to stay in the cache until they are compared.
    private const int BlockElements = 4096;

    private readonly Lock _lock = new();
    private ElementDifference _found = ElementDifference.None;

    public static bool CanCompare(TensorSpec a, TensorSpec b) =>
        a.Shape == b.Shape && (a.Type == b.Type || (a.Type.IsFloat && b.Type.IsFloat));

    public TensorDiff Result => new(
        Name,
        a.Spec,
        b.Spec,
        IsCompared: true,
        _found.Differing,
        _found.NonFinite,
        _found.Largest < 0 ? null : _found.Largest,
        _found.Largest < 0 ? [] : Coordinates(_found.LargestAt, a.Spec.Shape));

    public override void Visit(int tile, long from, int elements, ITileContext workspace)
    {
        if (a.Spec.Type.Bits % 8 != 0)
        {
            ComparePacked(from, elements, workspace);
            return;
        }

        TypedBytes left = workspace.Read(a, from, elements);
        TypedBytes right = workspace.Read(b, from, elements);
        bool sameType = left.Type == right.Type;
        if (sameType && left.Bytes.Span.SequenceEqual(right.Bytes.Span))
            return;

        ElementDifference found = ElementDifference.None;
        for (int start = 0; start < elements; start += BlockElements)
        {
            int count = Math.Min(BlockElements, elements - start);
            found += CompareBlock(left.Slice(start, count), right.Slice(start, count), from + start, workspace);
        }

        lock (_lock)
            _found += found;
    }

    /// <summary>Compares elements that share bytes. An element counts in the tile in which its first bit lies.</summary>
    private void ComparePacked(long from, int bytes, ITileContext workspace)
    {
        int read = (int)Math.Min(bytes + 1, a.Spec.UnitCount - from);
        ReadOnlySpan<byte> left = workspace.Read(a, from, read).Bytes.Span;
        ReadOnlySpan<byte> right = workspace.Read(b, from, read).Bytes.Span;
        if (left.SequenceEqual(right))
            return;

        long differing = PackedElements.CountDifferent(a.Spec.Type.Bits, from, bytes, left, right);
        lock (_lock)
            _found += OfBits(differing);
    }

    /// <summary>A difference of elements that are compared as bits, and have no difference in value.</summary>
    private static ElementDifference OfBits(long differing) => ElementDifference.None with { Differing = differing };

    private static ElementDifference CompareBlock(TypedBytes left, TypedBytes right, long from, ITileContext workspace)
    {
        bool sameType = left.Type == right.Type;
        if (sameType && left.Bytes.Span.SequenceEqual(right.Bytes.Span))
            return ElementDifference.None;
        if (left.Type.IsInteger)
            return CompareIntegers(left, right, from);
        if (!left.Type.IsFloat)
            return OfBits(ElementComparison.CountDifferentBits(left.Type.Size, left.Bytes.Span, right.Bytes.Span));

        var doubles = new TypedBytes(ElementType.F64, workspace.Scratch(2 * BlockElements * sizeof(double)));
        ReadOnlySpan<double> x = Decode(left, doubles.Slice(0, left.Count), workspace);
        ReadOnlySpan<double> y = Decode(right, doubles.Slice(BlockElements, right.Count), workspace);
        long differing = sameType
            ? ElementComparison.CountDifferentBits(left.Type.Size, left.Bytes.Span, right.Bytes.Span)
            : ElementComparison.CountDifferentValues(x, y);
        if (differing == 0)
            return ElementDifference.None;

        double largest = ElementComparison.Largest(x, y, out long nonFinite);
        long alike = nonFinite == 0 ? 0 : CountAlikeNonFinite(left, right, x, y);
        bool anyFinite = differing > nonFinite - alike;
        return new ElementDifference(
            differing,
            nonFinite - alike,
            anyFinite ? largest : -1,
            anyFinite ? from + ElementComparison.IndexOf(largest, x, y) : 0);
    }

    /// <summary>
    /// Counts elements that do not differ, although their difference is not finite: the same NaN, or the same infinity.
    /// </summary>
    private static long CountAlikeNonFinite(
        TypedBytes left,
        TypedBytes right,
        ReadOnlySpan<double> x,
        ReadOnlySpan<double> y)
    {
        long alike = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (double.IsFinite(x[i] - y[i]))
                continue;
            bool same = left.Type == right.Type
                ? left.Slice(i, 1).Bytes.Span.SequenceEqual(right.Slice(i, 1).Bytes.Span)
                : x[i] == y[i] || (double.IsNaN(x[i]) && double.IsNaN(y[i]));
            alike += same ? 1 : 0;
        }

        return alike;
    }

    private static ElementDifference CompareIntegers(TypedBytes left, TypedBytes right, long from)
    {
        ElementDifference found = ElementDifference.None;
        for (int i = 0; i < left.Count; i++)
        {
            double difference = ElementComparison.IntegerDifference(left.Type, left.Bytes.Span, right.Bytes.Span, i);
            if (difference != 0)
                found += new ElementDifference(1, 0, difference, from + i);
        }

        return found;
    }

    private static ReadOnlySpan<double> Decode(TypedBytes from, TypedBytes to, ITileContext workspace)
    {
        workspace.Worker.Combine(LinearCombination.BaseAlone, [from], to);
        return MemoryMarshal.Cast<byte, double>(to.Bytes.Span);
    }

    private static ImmutableArray<long> Coordinates(long index, TensorShape shape)
    {
        long[] coordinates = new long[shape.Dimensions.Length];
        for (int d = coordinates.Length - 1; d >= 0; d--)
            (index, coordinates[d]) = Math.DivRem(index, shape.Dimensions[d]);
        return ImmutableCollectionsMarshal.AsImmutableArray(coordinates);
    }
}
