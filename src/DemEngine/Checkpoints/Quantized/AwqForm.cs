using System.Buffers;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// AWQ (arXiv 2306.00978) as AutoAWQ stores it for its <c>gemm</c> kernels: <c>qweight</c> I32 [in, out / 8], <c>qzeros</c> I32
/// [groups, out / 8], <c>scales</c> [groups, out]. The eight codes of a word belong to the outputs 0, 2, 4, 6, 1, 3, 5, 7 from
/// the lowest bits on. value = (code − zero) · scale, exact in binary32; the reference computes it in the type of the scales.
/// </summary>
internal sealed class AwqForm : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        if (pool.Config?.Text("version") is { } version && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            return [];
        if (pool.Config?.Form?.StartsWith("gptq", StringComparison.OrdinalIgnoreCase) == true)
            return [];
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(GptqForm.IsCodes).ToArray())
        {
            string module = codes.Spec.Name[..^"qweight".Length];
            StoredTensor scales = pool.Need($"{module}scales", codes);
            StoredTensor zeros = pool.Need($"{module}qzeros", codes);
            long inputs = codes.Spec.Shape.Rows;
            long outputs = codes.Spec.Shape.RowElements * 8;
            if ((pool.Config?.Number("bits") ?? pool.Config?.Number("w_bit") ?? 4) != 4)
                throw TensorPool.Wrong(codes, "AWQ is read with 4 bits");
            TensorPool.RequireType(scales, ElementType.F16, ElementType.BF16, ElementType.F32);
            TensorPool.RequireType(zeros, ElementType.I32);
            if (scales.Spec.Shape.Dimensions is not [> 0 and var groups, var columns]
                || columns != outputs || inputs is not (> 0 and <= 1 << 24) || inputs % groups != 0)
                throw TensorPool.Wrong(scales, $"it does not fit the codes {codes.Spec.Shape}");
            TensorPool.RequireShape(zeros, groups, outputs / 8);
            pool.Take(codes, scales, zeros);
            found.Add(new Matrix($"{module}weight", codes, scales, zeros, (int)inputs, (int)groups, pool.ModelType));
        }

        return found;
    }

    private sealed class Matrix(
        string name, StoredTensor codes, StoredTensor scales, StoredTensor zeros, int inputs, int groups, ElementType modelType)
        : IntegerMatrix(name, codes.Spec.Shape.RowElements * 8, inputs, groups, inputs / groups, null, modelType)
    {
        public override string Form => $"AWQ 4 bits, groups of {Inputs / Groups}";

        public override IReadOnlyList<StoredTensor> Parts { get; } = [codes, scales, zeros];

        // Codes lie by inputs.
        public override bool IsInOrder => false;

        protected override void ReadCodes(long row, int rows, Span<byte> unpacked) => Spread(codes, row, rows, Inputs, unpacked);

        protected override void ReadScales(long row, int rows, Span<float> numbers) =>
            ReadTransposedScales(scales, row, rows, numbers);

        protected override void ReadZeros(long row, int rows, Span<float> numbers)
        {
            byte[] unpacked = ArrayPool<byte>.Shared.Rent(rows * Groups);
            Spread(zeros, row, rows, Groups, unpacked);
            for (int k = 0; k < rows * Groups; k++)
                numbers[k] = unpacked[k];
            ArrayPool<byte>.Shared.Return(unpacked);
        }

        /// <summary>Spreads the codes of some outputs, so that those of each output lie next to each other.</summary>
        private static void Spread(StoredTensor words, long row, int rows, int length, Span<byte> unpacked)
        {
            ReadOnlySpan<int> shifts = [0, 16, 4, 20, 8, 24, 12, 28]; // where the codes of outputs 0, 1, 2 … of a word lie
            long firstWord = row / 8;
            int count = (int)(((row + rows + 7) / 8) - firstWord);
            int bytes = checked(length * count * sizeof(int));
            byte[] stored = ArrayPool<byte>.Shared.Rent(bytes);
            byte[] turned = ArrayPool<byte>.Shared.Rent(bytes);
            ReadColumns(words, firstWord, count, stored);
            Span<uint> all = MemoryMarshal.Cast<byte, uint>(turned.AsSpan(0, bytes));
            Transpose.Words(MemoryMarshal.Cast<byte, uint>(stored.AsSpan(0, bytes)), length, count, all);
            int skip = (int)(row % 8);
            for (int k = 0; k < rows; k++)
            {
                var (word, place) = Math.DivRem(skip + k, 8);
                PackedCodes.Take(all.Slice(word * length, length), shifts[place], unpacked.Slice(k * length, length));
            }

            ArrayPool<byte>.Shared.Return(turned);
            ArrayPool<byte>.Shared.Return(stored);
        }
    }
}
