using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// MXFP4 of gpt-oss: <c>_blocks</c> U8 [experts, out, in / 32, 16] and <c>_scales</c> U8 [experts, out, in / 32] of a tensor
/// that is [experts, in, out] where it is not quantised. A block has 32 inputs, the first of each byte in its low bits:
/// value = code · 2^(scale − 127), exact in binary32. <c>convert_moe_packed_tensors</c> of transformers computes it in BF16,
/// which is exact too but for powers below 2^(−126).
/// </summary>
internal sealed class GptOssForm : IQuantizedForm
{
    private const int Block = 32;
    private const int BlockBytes = 16;

    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(tensor => tensor.Spec.Type == ElementType.U8
            && tensor.Spec.Name.EndsWith("_blocks", StringComparison.Ordinal)
            && tensor.Spec.Shape.Dimensions is [_, _, _, BlockBytes]).ToArray())
        {
            string name = codes.Spec.Name[..^"_blocks".Length];
            StoredTensor scales = pool.Need($"{name}_scales", codes);
            ImmutableArray<long> sizes = codes.Spec.Shape.Dimensions;
            TensorPool.RequireType(scales, ElementType.U8, ElementType.F8E8M0);
            TensorPool.RequireShape(scales, sizes[0], sizes[1], sizes[2]);
            pool.Take(codes, scales);
            found.Add(new Experts(name, codes, scales, new TensorShape(sizes[0], sizes[2] * Block, sizes[1]), pool.ModelType));
        }

        return found;
    }

    private sealed class Experts(string name, StoredTensor codes, StoredTensor scales, TensorShape shape, ElementType modelType)
        : DecodedTensor(name, shape, modelType)
    {
        // So many outputs are decoded together: 16 values fill a cache line.
        private const int Together = 16;

        // Blocks of each output that are copied at a time.
        private const int BlocksTogether = 32;

        private readonly long _inputs = shape.Dimensions[1];
        private readonly long _outputs = shape.Dimensions[2];

        public override string Form => "MXFP4 of gpt-oss";

        public override IReadOnlyList<StoredTensor> Parts { get; } = [codes, scales];

        public override bool IsInOrder => false;

        public override void Decode(long first, Span<float> values)
        {
            long ofExpert = _inputs * _outputs;
            while (!values.IsEmpty)
            {
                var (expert, start) = Math.DivRem(first, ofExpert);
                int count = (int)Math.Min(values.Length, ofExpert - start);
                DecodeExpert(expert, start, values[..count]);
                values = values[count..];
                first += count;
            }
        }

        public override void WillNeed(long first, long count)
        {
            // An input's values lie everywhere in its expert, so that the expert is asked for once, with its first input.
            long ofExpert = _inputs * _outputs;
            for (long expert = first / ofExpert; expert * ofExpert < first + count; expert++)
            {
                if (expert * ofExpert < first)
                    continue;
                codes.WillNeed(expert * ofExpert / 2, ofExpert / 2);
                scales.WillNeed(expert * ofExpert / Block, ofExpert / Block);
            }
        }

        /// <summary>Decodes a part of an expert, whose inputs are its rows.</summary>
        /// <param name="expert">Index of the expert.</param>
        /// <param name="start">Index of the first element in the expert.</param>
        /// <param name="values">Receives the elements.</param>
        private void DecodeExpert(long expert, long start, Span<float> values)
        {
            long end = start + values.Length;
            int firstBlock = (int)(start / _outputs / Block);
            int lastBlock = (int)((end - 1) / _outputs / Block);
            for (int block = firstBlock; block <= lastBlock; block += BlocksTogether)
                DecodeBlocks(expert, block, Math.Min(BlocksTogether, lastBlock + 1 - block), start, values);
        }

        /// <summary>Decodes the same blocks of all outputs.</summary>
        /// <param name="expert">Index of the expert.</param>
        /// <param name="firstBlock">Index of the first block of each output.</param>
        /// <param name="blocks">Number of blocks of each output.</param>
        /// <param name="start">Index in the expert of the first element that is asked for.</param>
        /// <param name="values">Receives the elements that are asked for.</param>
        private void DecodeBlocks(long expert, int firstBlock, int blocks, long start, Span<float> values)
        {
            int outputs = checked((int)_outputs);
            long ofOutput = _inputs / Block;
            int rowBytes = blocks * BlockBytes;
            int padded = (outputs + Together - 1) / Together * Together;
            byte[] packed = ArrayPool<byte>.Shared.Rent(checked(padded * rowBytes));
            byte[] stored = ArrayPool<byte>.Shared.Rent(outputs * blocks);
            float[] numbers = ArrayPool<float>.Shared.Rent(outputs * blocks);
            Span<float> ofBlock = stackalloc float[Together];
            Span<byte> turned = stackalloc byte[BlockBytes * Together];
            try
            {
                StoredColumns.Read(
                    codes, expert * outputs, outputs, ofOutput * BlockBytes, (long)firstBlock * BlockBytes, rowBytes, packed);
                StoredColumns.Read(scales, expert * outputs, outputs, ofOutput, firstBlock, blocks, stored);
                ScaleNumbers.Read(scales.Spec.Type, stored, numbers.AsSpan(0, outputs * blocks));

                // Outputs within blocks, so that each input's values are written one behind the other.
                for (int block = 0; block < blocks; block++)
                {
                    long place = ((long)(firstBlock + block) * Block * outputs) - start;
                    for (int output = 0; output < outputs; output += Together, place += Together)
                    {
                        int count = Math.Min(Together, outputs - output);
                        for (int k = 0; k < count; k++)
                        {
                            int at = ((output + k) * blocks) + block;
                            ofBlock[k] = float.IsFinite(numbers[at])
                                ? numbers[at]
                                : throw ScaleSource.NotFinite(
                                    scales, (((expert * outputs) + output + k) * ofOutput) + firstBlock + block, numbers[at]);
                        }

                        // Bytes of the same inputs of all outputs come next to each other, and are decoded together.
                        Transpose.SixteenBytes(packed.AsSpan((output * rowBytes) + (block * BlockBytes)), rowBytes, turned);
                        if (count == Together && place >= 0 && place + (((long)Block - 1) * outputs) + Together <= values.Length)
                            TableCodes.E2M1.DecodePairs(turned, ofBlock, values[(int)place..], outputs);
                        else
                            DecodeParts(turned, ofBlock, count, place, values);
                    }
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(packed);
                ArrayPool<byte>.Shared.Return(stored);
                ArrayPool<float>.Shared.Return(numbers);
            }
        }

        /// <summary>Decodes a block of successive outputs, as far as it is asked for.</summary>
        /// <param name="turned">Codes of the outputs, for two inputs in each 16 bytes.</param>
        /// <param name="ofOutputs">Scales of the outputs.</param>
        /// <param name="count">Number of outputs.</param>
        /// <param name="place">Place of the first value among those asked for; may lie outside.</param>
        /// <param name="values">Receives the values.</param>
        private void DecodeParts(
            ReadOnlySpan<byte> turned, ReadOnlySpan<float> ofOutputs, int count, long place, Span<float> values)
        {
            for (int pair = 0; pair < BlockBytes; pair++, place += 2 * _outputs)
            {
                var bytes = Vector128.Create(turned.Slice(pair * Together, Together));
                DecodePart(bytes, ofOutputs, count, place, values);
                var high = Vector128.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte();
                DecodePart(high, ofOutputs, count, place + _outputs, values);
            }
        }

        private static void DecodePart(
            Vector128<byte> bytes, ReadOnlySpan<float> ofOutputs, int count, long place, Span<float> values)
        {
            Span<float> decoded = stackalloc float[Together];
            TableCodes.E2M1.Decode(bytes, ofOutputs, decoded);
            int from = (int)Math.Clamp(-place, 0, count);
            int to = (int)Math.Clamp(values.Length - place, from, count);
            if (from < to)
                decoded[from..to].CopyTo(values[(int)(place + from)..]);
        }
    }
}
