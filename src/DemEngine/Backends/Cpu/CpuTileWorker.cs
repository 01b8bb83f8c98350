using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>Chooses the loop for the element types at hand, and brings inputs of several types to one.</summary>
internal sealed class CpuTileWorker<TWidth, TVector> : ITileWorker
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    // One leaf of each vector: what is converted stays in the cache until it is used.
    private const int BlockElements = GramOrder.LeafElements;

    private NativeBuffer? _scratch;
    private CpuTileWorker<TWidth, TVector>? _forDifferences;

    public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, combination.InputCount);
        ElementType common = inputs.Length == 0 ? ElementType.F32 : inputs[0].Type;
        foreach (TypedBytes input in inputs)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, output.Count);
            if (input.Type != common)
                common = common == ElementType.F64 || input.Type == ElementType.F64 ? ElementType.F64 : ElementType.F32;
        }

        bool allCommon = true;
        foreach (TypedBytes input in inputs)
            allCommon &= input.Type == common;

        return allCommon ? CombineCommon(combination, common, inputs, output) : CombineMixed(combination, common, inputs, output);
    }

    public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
    {
        int order = inputs.Length;
        int count = order == 0 ? 0 : inputs[0].Count;
        int pairs = GramMatrix.PairCount(order);
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(count) * pairs);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);

        TypedBytes leaf = Scratch(ElementType.F32, order);
        for (int start = 0, at = 0; start < count; start += GramOrder.LeafElements)
        {
            int elements = Math.Min(GramOrder.LeafElements, count - start);
            LoadLeaf(relativeToBase, inputs, start, elements, leaf);
            for (int i = 0; i < order; i++)
            {
                for (int j = i; j < order; j++)
                    leafSums[at++] = GramKernel<TWidth, TVector>.Dot(Singles(leaf, i), Singles(leaf, j));
            }
        }
    }

    public void Dispose()
    {
        _scratch?.Dispose();
        _forDifferences?.Dispose();
    }

    private static NonFinite CombineCommon(
        LinearCombination combination, ElementType common, ReadOnlySpan<TypedBytes> inputs, TypedBytes output) =>
        FloatElements.Dispatch<InputVisitor, NonFinite>(common, new InputVisitor(combination, inputs, output));

    private NonFinite CombineMixed(LinearCombination combination, ElementType common, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        TypedBytes scratch = Scratch(common, inputs.Length);
        var converted = new TypedBytes[inputs.Length];
        NonFinite nonFinite = default;
        for (int start = 0; start < output.Count; start += BlockElements)
        {
            int count = Math.Min(BlockElements, output.Count - start);
            for (int k = 0; k < inputs.Length; k++)
            {
                converted[k] = scratch.Slice(k * BlockElements, count);
                Convert(inputs[k].Slice(start, count), converted[k]);
            }

            nonFinite += CombineCommon(combination, common, converted, output.Slice(start, count));
        }

        return nonFinite;
    }

    /// <summary>Fills the scratch with the vectors of one leaf: x₁ − b … xₙ − b, b; or the inputs as they are.</summary>
    private void LoadLeaf(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, int start, int count, TypedBytes leaf)
    {
        int order = inputs.Length;
        for (int i = 0; i < order; i++)
        {
            // The base comes first among the inputs and last among the vectors.
            TypedBytes input = inputs[relativeToBase ? (i + 1) % order : i].Slice(start, count);
            Convert(input, leaf.Slice(i * BlockElements, count));
            Singles(leaf, i)[count..].Clear();
        }

        if (!relativeToBase)
            return;

        TypedBytes b = inputs[0].Slice(start, count);
        for (int i = 0; i < order - 1; i++)
        {
            TypedBytes x = inputs[i + 1].Slice(start, count);
            if (x.Type == ElementType.F64 || b.Type == ElementType.F64)
                SubtractInDouble(x, b, leaf.Slice(i * BlockElements, count));
            else
                GramKernel<TWidth, TVector>.Subtract(Singles(leaf, i), Singles(leaf, order - 1));
        }
    }

    private void SubtractInDouble(TypedBytes x, TypedBytes b, TypedBytes difference)
    {
        // The scratch here is the leaf itself, so the conversion of mixed types needs another.
        _forDifferences ??= new CpuTileWorker<TWidth, TVector>();
        _forDifferences.Combine(LinearCombination.Difference, [b, x], difference);
    }

    private static void Convert(TypedBytes from, TypedBytes to)
    {
        if (from.Type == to.Type)
            from.Bytes.Span.CopyTo(to.Bytes.Span);
        else
            CombineCommon(LinearCombination.BaseAlone, from.Type, [from], to);
    }

    private static Span<float> Singles(TypedBytes leaf, int vector) =>
        MemoryMarshal.Cast<byte, float>(leaf.Slice(vector * BlockElements, BlockElements).Bytes.Span);

    /// <summary>Room for one block of each of so many inputs.</summary>
    private TypedBytes Scratch(ElementType type, int inputs)
    {
        int bytes = inputs * BlockElements * type.Size;
        if (_scratch is null || _scratch.Length < bytes)
        {
            _scratch?.Dispose();
            _scratch = new NativeBuffer(bytes);
        }

        return new TypedBytes(type, _scratch.Bytes.Slice(0, bytes));
    }

    private readonly ref struct InputVisitor(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        : IFloatElementVisitor<NonFinite>
    {
        private readonly LinearCombination _combination = combination;
        private readonly ReadOnlySpan<TypedBytes> _inputs = inputs;
        private readonly TypedBytes _output = output;

        public NonFinite Visit<TInput>()
            where TInput : IFloatElement =>
            FloatElements.Dispatch<OutputVisitor<TInput>, NonFinite>(
                _output.Type, new OutputVisitor<TInput>(_combination, _inputs, _output));
    }

    private readonly ref struct OutputVisitor<TInput>(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        : IFloatElementVisitor<NonFinite>
        where TInput : IFloatElement
    {
        private readonly LinearCombination _combination = combination;
        private readonly ReadOnlySpan<TypedBytes> _inputs = inputs;
        private readonly TypedBytes _output = output;

        public NonFinite Visit<TOutput>()
            where TOutput : IFloatElement =>
            CombineKernel<TInput, TOutput, TWidth, TVector>.Run(_combination, _inputs, _output);
    }
}
