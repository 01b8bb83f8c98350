using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>
/// Vectors of one leaf, x₁ − b … xₙ − b, b or the inputs as they are, in binary32 and padded with zeros. Each vector is decoded
/// once, in the order in which it lies in memory. A row holds one value of each lane. Rows lie a cache line further apart than
/// they are long, so that the rows of a column do not compete for the same sets of the first-level cache.
/// </summary>
internal sealed class GramLeaf<TWidth, TVector> : IDisposable
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Distance in bytes from one row to the next.</summary>
    public const int RowBytes = (GramOrder.Lanes * sizeof(float)) + 64;

    private const int VectorBytes = GramOrder.LeafElements / GramOrder.Lanes * RowBytes;

    private readonly NativeBuffer _differences = new(GramOrder.LeafElements * sizeof(float));
    private NativeBuffer? _vectors;

    /// <summary>Number of vectors.</summary>
    public int Order { get; private set; }

    /// <summary>Decodes the vectors of a leaf.</summary>
    /// <param name="relativeToBase">Whether <paramref name="inputs"/> are b, x₁ … xₙ and b is subtracted.</param>
    /// <param name="inputs">Parts of the tensors.</param>
    /// <param name="start">Index in the inputs of the leaf's first element.</param>
    /// <param name="count">Number of elements in the leaf.</param>
    /// <param name="worker">Worker that subtracts binary64 numbers.</param>
    public void Load(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, int start, int count, ITileWorker worker)
    {
        Order = inputs.Length;
        if (_vectors is null || _vectors.Length < Order * VectorBytes)
        {
            _vectors?.Dispose();
            _vectors = new NativeBuffer(Order * VectorBytes);
        }

        // The base comes first among the inputs and last among the vectors, but is decoded first.
        int basis = relativeToBase ? Order - 1 : -1;
        for (int k = 0; k < Order; k++)
        {
            int vector = relativeToBase ? (k + basis) % Order : k;
            TypedBytes x = inputs[k].Slice(start, count);
            bool subtracts = relativeToBase && vector != basis;
            if (x.Type == ElementType.F64 || (subtracts && inputs[0].Type == ElementType.F64))
            {
                x = InDouble(x, subtracts ? inputs[0].Slice(start, count) : null, worker);
                subtracts = false;
            }

            FloatElements.Dispatch<Stage, int>(
                x.Type,
                new Stage(x.Bytes, count, ref Vector(vector), ref subtracts ? ref Vector(basis) : ref Unsafe.NullRef<byte>()));
        }
    }

    /// <summary>Reference to the first byte of a vector.</summary>
    public ref byte Vector(int index) => ref _vectors!.Bytes.Slice(index * VectorBytes, VectorBytes).Origin;

    public void Dispose()
    {
        _differences.Dispose();
        _vectors?.Dispose();
    }

    /// <summary>Rounds x, or x − b after rounding it to binary64, to binary32.</summary>
    private TypedBytes InDouble(TypedBytes x, TypedBytes? b, ITileWorker worker)
    {
        var result = new TypedBytes(ElementType.F32, _differences.Bytes.Slice(0, x.Count * sizeof(float)));
        if (b is { } subtrahend)
            worker.Combine(LinearCombination.Difference, [subtrahend, x], result);
        else
            worker.Combine(LinearCombination.BaseAlone, [x], result);
        return result;
    }

    /// <summary>
    /// Decodes one vector and subtracts another, if given, that is decoded already. The difference in binary32 rounds once, as
    /// its operands are exact there.
    /// </summary>
    private readonly ref struct Stage(NativeBytes source, int count, ref byte target, ref byte subtrahend)
        : IFloatElementVisitor<int>
    {
        private readonly NativeBytes _source = source;
        private readonly int _count = count;
        private readonly ref byte _target = ref target;
        private readonly ref byte _subtrahend = ref subtrahend;

        public int Visit<TElement>()
            where TElement : IFloatElement
        {
            int whole = _count - (_count % TWidth.Lanes);
            if (Unsafe.IsNullRef(ref _subtrahend))
                Decode<TElement>(_source, whole, ref _target);
            else
                Subtract<TElement>(_source, whole, ref _target, ref _subtrahend);

            for (int j = whole; j < GramOrder.LeafElements; j++)
            {
                float x = 0;
                if (j < _count)
                {
                    x = (float)TElement.Read(ref Unsafe.AddByteOffset(ref _source.Origin, (nuint)j * (nuint)TElement.Size));
                    if (!Unsafe.IsNullRef(ref _subtrahend))
                        x -= Unsafe.ReadUnaligned<float>(ref Unsafe.AddByteOffset(ref _subtrahend, Place(j)));
                }

                Unsafe.WriteUnaligned(ref Unsafe.AddByteOffset(ref _target, Place(j)), x);
            }

            return 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Decode<TElement>(NativeBytes source, int count, ref byte target)
            where TElement : IFloatElement
        {
            for (int first = 0; first < count; first += GramOrder.Lanes)
            {
                nuint at = (nuint)first * (nuint)TElement.Size;
                ref byte row = ref Unsafe.AddByteOffset(ref target, Place(first));
                nuint end = (nuint)Math.Min(GramOrder.Lanes, count - first) * sizeof(float);
                for (nuint place = 0; place < end; place += (nuint)TWidth.Lanes * sizeof(float))
                    TWidth.Store(LoadNext<TElement>(source, ref at), ref Unsafe.AddByteOffset(ref row, place));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Subtract<TElement>(NativeBytes source, int count, ref byte target, ref byte subtrahend)
            where TElement : IFloatElement
        {
            for (int first = 0; first < count; first += GramOrder.Lanes)
            {
                nuint at = (nuint)first * (nuint)TElement.Size;
                ref byte row = ref Unsafe.AddByteOffset(ref target, Place(first));
                ref byte subtrahendRow = ref Unsafe.AddByteOffset(ref subtrahend, Place(first));
                nuint end = (nuint)Math.Min(GramOrder.Lanes, count - first) * sizeof(float);
                for (nuint place = 0; place < end; place += (nuint)TWidth.Lanes * sizeof(float))
                {
                    TVector b = TWidth.Load(ref Unsafe.AddByteOffset(ref subtrahendRow, place));
                    TVector difference = TWidth.SubtractSingle(LoadNext<TElement>(source, ref at), b);
                    TWidth.Store(difference, ref Unsafe.AddByteOffset(ref row, place));
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector LoadNext<TElement>(NativeBytes source, ref nuint at)
            where TElement : IFloatElement
        {
            source.PrefetchPage(at);
            TVector singles = TElement.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref source.Origin, at));
            at += (nuint)TWidth.Lanes * (nuint)TElement.Size;
            return singles;
        }

        /// <summary>Offset in bytes of an element in its vector.</summary>
        private static nuint Place(int element) =>
            ((nuint)(uint)element / GramOrder.Lanes * RowBytes) + ((nuint)(uint)element % GramOrder.Lanes * sizeof(float));
    }
}
