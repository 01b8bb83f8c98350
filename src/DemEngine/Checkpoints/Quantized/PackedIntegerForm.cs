using System.Buffers;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Integers of compressed-tensors (<c>pack-quantized</c>): <c>weight_packed</c> I32 [out, in · bits / 32] with codes of 4 or 8
/// bits from the lowest bits on, each stored with 2^(bits − 1) added; <c>weight_scale</c> [out, groups];
/// <c>weight_zero_point</c> I32 [out · bits / 32, groups], packed along the outputs in the same way, where zero points are not
/// 0; <c>weight_g_idx</c> I32 [in] where groups are not successive. value = (code − zero) · scale, exact in binary32; the
/// reference computes it in the type of the scales.
/// </summary>
internal sealed class PackedIntegerForm : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(tensor => tensor.Spec.Type == ElementType.I32
            && tensor.Spec.Shape.Dimensions.Length == 2
            && tensor.Spec.Name.EndsWith("weight_packed", StringComparison.Ordinal)).ToArray())
        {
            string name = codes.Spec.Name[..^"_packed".Length];
            StoredTensor scales = pool.Need($"{name}_scale", codes);
            StoredTensor shape = pool.Need($"{name}_shape", codes);
            StoredTensor? zeros = pool.Find($"{name}_zero_point");
            StoredTensor? index = pool.Find($"{name}_g_idx");
            (long outputs, long inputs) = ReadShape(shape);
            long columns = codes.Spec.Shape.RowElements;
            int bits = columns == (inputs + 7) / 8 ? 4 : columns == (inputs + 3) / 4 ? 8 : 0;
            if (bits == 0 || codes.Spec.Shape.Rows != outputs || inputs > 1 << 24)
                throw TensorPool.Wrong(codes, $"it does not hold codes of 4 or 8 bits for [{outputs}, {inputs}]");
            TensorPool.RequireType(scales, ElementType.BF16, ElementType.F16, ElementType.F32);
            if (scales.Spec.Shape.Dimensions is not [var rows, > 0 and <= 1 << 20 and var groups] || rows != outputs)
                throw TensorPool.Wrong(scales, $"expected are the scales of {outputs} outputs");
            long groupSize = (inputs + groups - 1) / groups;
            if (groupSize <= 0 || (inputs + groupSize - 1) / groupSize != groups)
                throw TensorPool.Wrong(scales, $"{inputs} inputs cannot be divided into {groups} groups");
            if (zeros is not null)
            {
                TensorPool.RequireType(zeros, ElementType.I32);
                TensorPool.RequireShape(zeros, (outputs + (32 / bits) - 1) / (32 / bits), groups);
            }

            if (index is not null)
            {
                TensorPool.RequireType(index, ElementType.I32);
                TensorPool.RequireShape(index, inputs);
            }

            pool.Take(codes, scales, shape, zeros, index);
            found.Add(new Matrix(
                name, codes, scales, zeros, index, bits, outputs, (int)inputs, (int)groups, (int)groupSize, pool.ModelType));
        }

        return found;
    }

    private static (long Outputs, long Inputs) ReadShape(StoredTensor shape)
    {
        TensorPool.RequireType(shape, ElementType.I64, ElementType.I32);
        TensorPool.RequireShape(shape, 2);
        using PartBytes stored = PartBytes.Read(shape, 0, 2);
        long[] sizes = shape.Spec.Type == ElementType.I64
            ? [BitConverter.ToInt64(stored.Bytes), BitConverter.ToInt64(stored.Bytes[8..])]
            : [BitConverter.ToInt32(stored.Bytes), BitConverter.ToInt32(stored.Bytes[4..])];
        return sizes.All(size => size is > 0 and < 1L << 31)
            ? (sizes[0], sizes[1])
            : throw TensorPool.Wrong(shape, $"it says [{sizes[0]}, {sizes[1]}]");
    }

    private sealed class Matrix(
        string name,
        StoredTensor codes,
        StoredTensor scales,
        StoredTensor? zeros,
        StoredTensor? index,
        int bits,
        long outputs,
        int inputs,
        int groups,
        int groupSize,
        ElementType modelType)
        : IntegerMatrix(name, outputs, inputs, groups, groupSize, index, modelType)
    {
        public override string Form { get; } = $"int{bits}, groups of {groupSize}{(index is null ? "" : " by index")}";

        public override IReadOnlyList<StoredTensor> Parts { get; } =
            [.. new[] { codes, scales, zeros, index }.OfType<StoredTensor>()];

        protected override void ReadCodes(long row, int rows, Span<byte> unpacked)
        {
            int words = (int)codes.Spec.Shape.RowElements;
            using PartBytes stored = PartBytes.Read(codes, row * words, rows * words);
            for (int k = 0; k < rows; k++)
                PackedCodes.Unpack(
                    stored.Bytes.Slice(k * words * sizeof(int), words * sizeof(int)), bits, unpacked.Slice(k * Inputs, Inputs));
        }

        protected override void ReadScales(long row, int rows, Span<float> numbers)
        {
            using PartBytes stored = PartBytes.Read(scales, row * Groups, rows * Groups);
            ScaleNumbers.Read(scales.Spec.Type, stored.Bytes, numbers);
        }

        protected override void ReadZeros(long row, int rows, Span<float> numbers)
        {
            // Codes and zero points are stored with the same number added, which cancels.
            if (zeros is null)
            {
                numbers.Fill(1 << (bits - 1));
                return;
            }

            int ofWord = 32 / bits;
            long firstWord = row / ofWord;
            int words = (int)(((row + rows + ofWord - 1) / ofWord) - firstWord);
            using PartBytes stored = PartBytes.Read(zeros, firstWord * Groups, words * Groups);
            ReadOnlySpan<uint> all = MemoryMarshal.Cast<byte, uint>(stored.Bytes);
            for (int k = 0; k < rows; k++)
            {
                var (word, place) = Math.DivRem((int)(row - (firstWord * ofWord)) + k, ofWord);
                for (int group = 0; group < Groups; group++)
                    numbers[(k * Groups) + group] = (all[(word * Groups) + group] >> (place * bits)) & ((1u << bits) - 1);
            }
        }
    }
}
