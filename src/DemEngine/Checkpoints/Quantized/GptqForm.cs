using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// GPTQ (arXiv 2210.17323) as AutoGPTQ and GPTQModel store it: <c>qweight</c> I32 [in · bits / 32, out], codes of 2, 3, 4 or 8
/// bits as a stream along the inputs; <c>qzeros</c> I32 [groups, out · bits / 32]; <c>scales</c> [groups, out]; <c>g_idx</c>
/// I32 [in]. value = scale · (code − zero), exact in binary32; the references compute it in the type of the scales. The first
/// version of the format stores zero − 1, so that zero = (stored + 1) mod 2^bits; the second one (<c>checkpoint_format:
/// gptq_v2</c>) stores zero.
/// </summary>
internal sealed class GptqForm : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        if (pool.Config?.Form is { } form && form.StartsWith("awq", StringComparison.OrdinalIgnoreCase))
            return [];
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(IsCodes).ToArray())
        {
            string module = codes.Spec.Name[..^"qweight".Length];

            // AWQ has the same names without group indices, and another shape.
            StoredTensor? index = pool.Find($"{module}g_idx");
            StoredTensor scales = pool.Need($"{module}scales", codes);
            StoredTensor zeros = pool.Need($"{module}qzeros", codes);
            if (index is null && pool.Config?.Form?.StartsWith("gptq", StringComparison.OrdinalIgnoreCase) != true)
                continue;
            found.Add(Decode(module, codes, scales, zeros, index, pool));
        }

        return found;
    }

    /// <summary>Whether a tensor is named as the codes of GPTQ and AWQ are.</summary>
    public static bool IsCodes(StoredTensor tensor) =>
        tensor.Spec.Type == ElementType.I32 && tensor.Spec.Shape.Dimensions.Length == 2
        && (tensor.Spec.Name == "qweight" || tensor.Spec.Name.EndsWith(".qweight", StringComparison.Ordinal));

    private static Matrix Decode(
        string module, StoredTensor codes, StoredTensor scales, StoredTensor zeros, StoredTensor? index, TensorPool pool)
    {
        TensorPool.RequireType(scales, ElementType.F16, ElementType.BF16, ElementType.F32);
        TensorPool.RequireType(zeros, ElementType.I32);
        ImmutableArray<long> packed = codes.Spec.Shape.Dimensions;
        long outputs = packed[1];
        if (scales.Spec.Shape.Dimensions is not [> 0 and <= 1 << 20 and var groups, var columns] || columns != outputs)
            throw TensorPool.Wrong(scales, $"it does not fit the codes {codes.Spec.Shape}");

        // The zero points tell the number of bits, where the configuration does not.
        long bits = pool.Config?.Number("bits") ?? (outputs > 0 ? zeros.Spec.Shape.RowLength * 32 / outputs : 0);
        if (bits is not (2 or 3 or 4 or 8) || packed[0] * 32 % bits != 0
            || packed[0] * 32 / bits is not (> 0 and <= 1 << 24 and var inputs))
            throw TensorPool.Wrong(codes, $"it does not hold codes of {bits} bits");
        TensorPool.RequireShape(zeros, groups, outputs * bits / 32);
        if (index is not null)
        {
            TensorPool.RequireType(index, ElementType.I32);
            TensorPool.RequireShape(index, inputs);
        }

        int groupSize = pool.Config?.Number("group_size") ?? (int)((inputs + groups - 1) / groups);
        if (groupSize == -1)
            groupSize = (int)inputs;
        if (groupSize <= 0 || (inputs + groupSize - 1) / groupSize != groups)
            throw TensorPool.Wrong(scales, $"{inputs} inputs in groups of {groupSize} do not make {groups} groups");
        bool isSecond = pool.Config?.Text("checkpoint_format") == "gptq_v2";
        pool.Take(codes, scales, zeros, index);
        return new Matrix(
            $"{module}weight",
            codes,
            scales,
            zeros,
            index,
            (int)bits,
            (int)inputs,
            (int)groups,
            groupSize,
            isSecond ? 0 : 1,
            pool.ModelType);
    }

    private sealed class Matrix(
        string name,
        StoredTensor codes,
        StoredTensor scales,
        StoredTensor zeros,
        StoredTensor? index,
        int bits,
        int inputs,
        int groups,
        int groupSize,
        int zeroOffset,
        ElementType modelType)
        : IntegerMatrix(name, codes.Spec.Shape.RowElements, inputs, groups, groupSize, index, modelType)
    {
        public override string Form { get; } = $"GPTQ {bits} bits, groups of {groupSize}{(index is null ? "" : " by index")}";

        public override IReadOnlyList<StoredTensor> Parts { get; } =
            index is null ? [codes, scales, zeros] : [codes, scales, zeros, index];

        // Codes lie by inputs.
        public override bool IsInOrder => false;

        protected override void ReadCodes(long row, int rows, Span<byte> unpacked)
        {
            int words = (int)codes.Spec.Shape.Rows;
            int bytes = checked(words * rows * sizeof(int));
            byte[] stored = ArrayPool<byte>.Shared.Rent(bytes);
            byte[] stream = ArrayPool<byte>.Shared.Rent(bytes);
            ReadColumns(codes, row, rows, stored);

            // A column of words becomes the stream of a row's codes.
            Transpose.Words(
                MemoryMarshal.Cast<byte, uint>(stored.AsSpan(0, bytes)),
                words,
                rows,
                MemoryMarshal.Cast<byte, uint>(stream.AsSpan(0, bytes)));
            for (int k = 0; k < rows; k++)
                PackedCodes.Unpack(
                    stream.AsSpan(k * words * sizeof(int), words * sizeof(int)), bits, unpacked.Slice(k * Inputs, Inputs));
            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<byte>.Shared.Return(stream);
        }

        protected override void ReadScales(long row, int rows, Span<float> numbers) =>
            ReadTransposedScales(scales, row, rows, numbers);

        protected override void ReadZeros(long row, int rows, Span<float> numbers)
        {
            // Each group's zero points are a stream along the outputs. Streams of 3 bits are whole for 32 outputs.
            long firstWord = row / 32 * bits;
            int words = (int)(Math.Min(zeros.Spec.Shape.RowElements, (row + rows + 31) / 32 * bits) - firstWord);
            int skip = (int)(row % 32);
            byte[] stored = ArrayPool<byte>.Shared.Rent(words * Groups * sizeof(int));
            byte[] unpacked = ArrayPool<byte>.Shared.Rent(skip + rows);
            ReadColumns(zeros, firstWord, words, stored);
            int mask = (1 << bits) - 1;
            for (int group = 0; group < Groups; group++)
            {
                Span<byte> all = unpacked.AsSpan(0, skip + rows);
                PackedCodes.Unpack(stored.AsSpan(group * words * sizeof(int), words * sizeof(int)), bits, all);
                for (int k = 0; k < rows; k++)
                    numbers[(k * Groups) + group] = (all[skip + k] + zeroOffset) & mask;
            }

            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<byte>.Shared.Return(unpacked);
        }
    }
}
