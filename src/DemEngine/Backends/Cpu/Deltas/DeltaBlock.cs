using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Differences of some sources over a block of elements, in binary32, which stay in the cache while masks and sums work on them.
/// What follows the last element is +0 up to a whole vector of any width.
/// </summary>
internal sealed class DeltaBlock<TWidth, TVector> : IDisposable
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Maximum number of elements in a block: a leaf.</summary>
    public const int Most = GramOrder.LeafElements;

    private const int WidestVector = 16;

    /// <summary>
    /// Distance in bytes from one source's differences to the next one's. It is a cache line more than a row, so that rows do not
    /// compete for the same sets of the cache.
    /// </summary>
    public const int RowBytes = (Most * sizeof(float)) + 64;

    private NativeBuffer? _rows;

    /// <summary>Number of elements.</summary>
    public int Count { get; private set; }

    /// <summary>Number of elements, rounded up to whole vectors.</summary>
    public int PaddedCount => (Count + TWidth.Lanes - 1) / TWidth.Lanes * TWidth.Lanes;

    /// <summary>The differences of a source.</summary>
    public Span<float> this[int source] => MemoryMarshal.Cast<byte, float>(Row(source + 1).Span);

    /// <summary>Reference to the first byte of a source's differences.</summary>
    public ref byte Origin(int source) => ref Row(source + 1).Origin;

    /// <summary>Computes the differences of a block.</summary>
    /// <param name="kinds">Kinds of the sources.</param>
    /// <param name="inputs">The base, then the sources; any further inputs are ignored.</param>
    /// <param name="start">Index in the inputs of the block's first element.</param>
    /// <param name="count">Number of elements in the block.</param>
    /// <param name="worker">Worker that subtracts binary64 numbers.</param>
    public void Load(ReadOnlySpan<TermKind> kinds, ReadOnlySpan<TypedBytes> inputs, int start, int count, ITileWorker worker)
    {
        Reserve(kinds.Length);
        Count = count;
        TypedBytes b = inputs[0].Slice(start, count);
        bool hasSingleBase = b.Type != ElementType.F64;
        if (hasSingleBase && kinds.Contains(TermKind.RelativeToBase))
            Decode(b, Row(0), subtrahend: default);

        for (int k = 0; k < kinds.Length; k++)
        {
            TypedBytes x = inputs[k + 1].Slice(start, count);
            bool isRelative = kinds[k] == TermKind.RelativeToBase;
            if (x.Type != ElementType.F64 && (hasSingleBase || !isRelative))
                Decode(x, Row(k + 1), isRelative ? Row(0) : default);
            else if (isRelative)
                worker.Combine(LinearCombination.Difference, [b, x], Singles(k, count));
            else
                worker.Combine(LinearCombination.BaseAlone, [x], Singles(k, count));
            this[k][count..((count + WidestVector - 1) / WidestVector * WidestVector)].Clear();
        }
    }

    public void Dispose() => _rows?.Dispose();

    private static void Decode(TypedBytes from, NativeBytes to, NativeBytes subtrahend) =>
        FloatElements.Dispatch<Decoder, int>(from.Type, new Decoder(from, to, subtrahend));

    private TypedBytes Singles(int source, int count) => new(ElementType.F32, Row(source + 1).Slice(0, count * sizeof(float)));

    private NativeBytes Row(int row) => _rows!.Bytes.Slice(row * RowBytes, Most * sizeof(float));

    private void Reserve(int sources)
    {
        int bytes = (sources + 1) * RowBytes;
        if (_rows is not null && _rows.Length >= bytes)
            return;
        _rows?.Dispose();
        _rows = new NativeBuffer(bytes);
    }

    /// <summary>
    /// Decodes numbers and subtracts others, if given. The difference in binary32 is rounded once, as both operands are exact
    /// there.
    /// </summary>
    private readonly struct Decoder(TypedBytes from, NativeBytes to, NativeBytes subtrahend) : IFloatElementVisitor<int>
    {
        public int Visit<TElement>()
            where TElement : IFloatElement
        {
            int whole = from.Count - (from.Count % TWidth.Lanes);
            bool subtracts = subtrahend.Length > 0;
            if (subtracts)
                Subtract<TElement>(from.Bytes, whole, to, subtrahend);
            else
                Decode<TElement>(from.Bytes, whole, to);

            Span<float> target = MemoryMarshal.Cast<byte, float>(to.Span);
            ReadOnlySpan<float> less = MemoryMarshal.Cast<byte, float>(subtrahend.Span);
            for (int j = whole; j < from.Count; j++)
            {
                float x = (float)TElement.Read(ref Unsafe.AddByteOffset(ref from.Bytes.Origin, (nuint)j * (nuint)TElement.Size));
                target[j] = subtracts ? x - less[j] : x;
            }

            return 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Decode<TElement>(NativeBytes from, int count, NativeBytes to)
            where TElement : IFloatElement
        {
            for (int j = 0; j < count; j += TWidth.Lanes)
                TWidth.Store(Next<TElement>(from, j), ref Unsafe.AddByteOffset(ref to.Origin, (nuint)j * sizeof(float)));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Subtract<TElement>(NativeBytes from, int count, NativeBytes to, NativeBytes subtrahend)
            where TElement : IFloatElement
        {
            for (int j = 0; j < count; j += TWidth.Lanes)
            {
                nuint at = (nuint)j * sizeof(float);
                TVector difference = TWidth.SubtractSingle(
                    Next<TElement>(from, j), TWidth.Load(ref Unsafe.AddByteOffset(ref subtrahend.Origin, at)));
                TWidth.Store(difference, ref Unsafe.AddByteOffset(ref to.Origin, at));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Next<TElement>(NativeBytes from, int index)
            where TElement : IFloatElement
        {
            nuint at = (nuint)index * (nuint)TElement.Size;
            from.PrefetchPage(at);
            return TElement.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref from.Origin, at));
        }
    }
}
