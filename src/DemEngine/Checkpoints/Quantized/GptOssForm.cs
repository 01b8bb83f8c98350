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
            int blocks = (int)(_inputs / Block);
            int firstBlock = (int)(start / _outputs / Block);
            int lastBlock = (int)((end - 1) / _outputs / Block);
            Span<float> decoded = stackalloc float[Together];
            Span<float> ofBlock = stackalloc float[Together];
            Span<byte> turned = stackalloc byte[BlockBytes * Together];
            float[] numbers = ArrayPool<float>.Shared.Rent(Together * blocks);
            try
            {
                for (long output = 0; output < _outputs; output += Together)
                {
                    int outputs = (int)Math.Min(Together, _outputs - output);
                    long firstOfBlocks = ((expert * _outputs) + output) * blocks;
                    using PartBytes packed = PartBytes.Read(codes, firstOfBlocks * BlockBytes, outputs * blocks * BlockBytes);
                    using (PartBytes stored = PartBytes.Read(scales, firstOfBlocks, outputs * blocks))
                        ScaleNumbers.Read(scales.Spec.Type, stored.Bytes, numbers.AsSpan(0, outputs * blocks));
                    for (int block = firstBlock; block <= lastBlock; block++)
                    {
                        // Bytes of the same inputs of all outputs come next to each other, and are decoded together.
                        for (int k = 0; k < outputs; k++)
                        {
                            int at = (k * blocks) + block;
                            ofBlock[k] = float.IsFinite(numbers[at])
                                ? numbers[at]
                                : throw ScaleSource.NotFinite(scales, firstOfBlocks + at, numbers[at]);
                            ReadOnlySpan<byte> bytes = packed.Bytes.Slice(at * BlockBytes, BlockBytes);
                            for (int pair = 0; pair < bytes.Length; pair++)
                                turned[(pair * Together) + k] = bytes[pair];
                        }

                        long place = ((long)block * Block * _outputs) + output - start;
                        for (int pair = 0; pair < BlockBytes; pair++, place += 2 * _outputs)
                        {
                            var bytes = Vector128.Create(turned.Slice(pair * Together, Together));
                            TableCodes.E2M1.Decode(bytes, ofBlock, decoded);
                            Write(decoded[..outputs], place, values);
                            TableCodes.E2M1.Decode(
                                Vector128.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte(), ofBlock, decoded);
                            Write(decoded[..outputs], place + _outputs, values);
                        }
                    }
                }
            }
            finally
            {
                ArrayPool<float>.Shared.Return(numbers);
            }
        }

        /// <summary>Writes values of one input, as far as they are asked for.</summary>
        /// <param name="decoded">Values of successive outputs.</param>
        /// <param name="place">Place of the first value among those asked for; may lie outside.</param>
        /// <param name="values">Receives the values.</param>
        private static void Write(ReadOnlySpan<float> decoded, long place, Span<float> values)
        {
            if (place >= 0 && place + decoded.Length <= values.Length)
            {
                decoded.CopyTo(values[(int)place..]);
                return;
            }

            int from = (int)Math.Clamp(-place, 0, decoded.Length);
            int to = (int)Math.Clamp(values.Length - place, from, decoded.Length);
            if (from < to)
                decoded[from..to].CopyTo(values[(int)(place + from)..]);
        }
    }
}
