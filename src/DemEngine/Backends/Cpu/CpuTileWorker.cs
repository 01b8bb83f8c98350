using System.Runtime.InteropServices;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Backends.Cpu.Linear;
using DemEngine.Backends.Cpu.Products;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>Worker that chooses the loop for the element types at hand and converts inputs of several types to one.</summary>
/// <param name="drawn">Cache of the bits that random masks have drawn.</param>
internal sealed class CpuTileWorker<TWidth, TVector>(KeepMaskCache drawn) : ITileWorker
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    // The block is a leaf of each input, so that converted elements stay in the cache until they are used.
    private const int LeafElements = GramOrder.LeafElements;

    private NativeBuffer? _scratch;
    private GramLeaf<TWidth, TVector>? _leaf;
    private DeltaWorker<TWidth, TVector>? _deltas;
    private ProductCombiner<TWidth, TVector>? _products;

    // Four inputs of binary32 take half of a second-level cache of 2 MiB.
    public int BlockElements => 1 << 16;

    public IDeltaWorker Deltas => _deltas ??= new DeltaWorker<TWidth, TVector>(this, drawn);

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

    public bool TakesChanges(LinearCombination combination, ReadOnlySpan<LowRankInput> inputs, ElementType output) =>
        ProductCombiner<TWidth, TVector>.Takes(combination, inputs, output);

    public NonFinite CombineChanged(
        LinearCombination combination,
        ReadOnlySpan<LowRankInput> inputs,
        ReadOnlySpan<TypedBytes> stored,
        long first,
        TypedBytes output)
    {
        _products ??= new ProductCombiner<TWidth, TVector>(this);
        return _products.Combine(combination, inputs, stored, first, output);
    }

    public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
    {
        int order = inputs.Length;
        int count = order == 0 ? 0 : inputs[0].Count;
        int pairs = GramMatrix.PairCount(order);
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(count) * pairs);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);

        _leaf ??= new GramLeaf<TWidth, TVector>();
        for (int start = 0, at = 0; start < count; start += GramOrder.LeafElements, at += pairs)
        {
            _leaf.Load(relativeToBase, inputs, start, Math.Min(GramOrder.LeafElements, count - start), this);
            GramKernel<TWidth, TVector>.Run(_leaf, leafSums.Slice(at, pairs));
        }
    }

    public void Dispose()
    {
        _scratch?.Dispose();
        _leaf?.Dispose();
        _deltas?.Dispose();
        _products?.Dispose();
    }

    private static NonFinite CombineCommon(
        LinearCombination combination, ElementType common, ReadOnlySpan<TypedBytes> inputs, TypedBytes output) =>
        FloatElements.Dispatch<InputVisitor, NonFinite>(common, new InputVisitor(combination, inputs, output));

    private NonFinite CombineMixed(
        LinearCombination combination, ElementType common, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        TypedBytes scratch = Scratch(common, inputs.Length);
        var converted = new TypedBytes[inputs.Length];
        NonFinite nonFinite = default;
        for (int start = 0; start < output.Count; start += LeafElements)
        {
            int count = Math.Min(LeafElements, output.Count - start);
            for (int k = 0; k < inputs.Length; k++)
            {
                TypedBytes part = inputs[k].Slice(start, count);
                converted[k] = part.Type == common ? part : Convert(part, scratch.Slice(k * LeafElements, count));
            }

            nonFinite += CombineCommon(combination, common, converted, output.Slice(start, count));
        }

        return nonFinite;
    }

    private static TypedBytes Convert(TypedBytes from, TypedBytes to)
    {
        if (to.Type == ElementType.F32)
            FloatNumbers.Read(from.Type, from.Bytes.Span, MemoryMarshal.Cast<byte, float>(to.Bytes.Span));
        else
            CombineCommon(LinearCombination.BaseAlone, from.Type, [from], to);
        return to;
    }

    /// <summary>Provides scratch memory for one block of each of <paramref name="inputs"/> inputs.</summary>
    private TypedBytes Scratch(ElementType type, int inputs)
    {
        int bytes = inputs * LeafElements * type.Size;
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

    private readonly ref struct OutputVisitor<TInput>(
        LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
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
