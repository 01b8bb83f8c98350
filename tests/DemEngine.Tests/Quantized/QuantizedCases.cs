using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Quantized;

/// <summary>
/// Encoders of every quantised form, written from the published definitions element by element, and apart from the loops that
/// decode. Codes and scales are drawn at random, so that every code occurs.
/// </summary>
internal static class QuantizedCases
{
    private const string Module = "model.layers.0.mlp.up_proj";
    private const string Weight = Module + ".weight";

    private static readonly float[] E2M1 = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    public static IEnumerable<QuantizedCase> All =>
    [
        .. Float8(), .. Integer8(), .. Microscaling(), .. BitsAndBytes(), .. Gptq(), Awq(), .. PackedIntegers(),
    ];

    private static IEnumerable<QuantizedCase> Float8()
    {
        foreach (ElementType type in new[] { ElementType.F8E4M3, ElementType.F8E5M2, ElementType.F8E4M3Fnuz, ElementType.F8E5M2Fnuz })
            yield return Fp8($"{type} by tensor", type, [70, 37], "weight_scale", ElementType.F32, [], [70, 37]);
        yield return Fp8("FP8 by channel", ElementType.F8E4M3, [70, 37], "weight_scale", ElementType.BF16, [70, 1], [1, 37]);
        yield return Fp8("FP8 by channel, a vector of scales", ElementType.F8E4M3, [70, 37], "weight_scale", ElementType.F16, [70], [1, 37]);
        yield return Fp8(
            "FP8 by ragged blocks of 128 × 128",
            ElementType.F8E4M3,
            [300, 200],
            "weight_scale_inv",
            ElementType.F32,
            [3, 2],
            [128, 128],
            """{"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}}""");
        yield return Fp8("FP8 by blocks with E8M0", ElementType.F8E4M3, [256, 384], "weight_scale_inv", ElementType.F8E8M0, [2, 3], [128, 128]);
        yield return Fp8("FP8 by blocks of the Model Optimizer", ElementType.F8E4M3, [256, 256], "weight_scale", ElementType.F32, [2, 1, 2, 1], [128, 128]);
        yield return Fp8("FP8 by groups", ElementType.F8E4M3, [5, 192], "weight_scale", ElementType.F32, [5, 3], [1, 64]);
        yield return Fp8("MXFP8", ElementType.F8E4M3, [6, 96], "weight_scale", ElementType.U8, [6, 3], [1, 32]);
        yield return Fp8("ComfyUI's scaled FP8", ElementType.F8E4M3, [9, 33], "scale_weight", ElementType.F32, [], [9, 33]) is var comfy
            ? comfy with { Stored = [.. comfy.Stored, TestCheckpoint.Tensor("scaled_fp8", ElementType.F8E4M3, [2])] }
            : null!;
        yield return Experts();
    }

    // Llama 4 has all experts of a layer in one tensor, with a scale for each output, the last dimension.
    private static QuantizedCase Experts()
    {
        const string name = "model.layers.0.feed_forward.experts.gate_up_proj";
        QuantizedCase one = Fp8("FP8 experts, a scale for each column", ElementType.F8E4M3, [3, 7, 20], "weight_scale", ElementType.F32, [3, 1, 20], [1, 7, 1]);
        return one with
        {
            Name = name,
            Stored = [.. one.Stored.Select(tensor => (tensor.Spec with { Name = tensor.Spec.Name.Replace(Weight, name, StringComparison.Ordinal) }, tensor.Bytes))],
        };
    }

    private static QuantizedCase Fp8(
        string form, ElementType type, long[] shape, string scaleName, ElementType scaleType, long[] scaleShape, long[] block, string? config = null)
    {
        var random = new Random(form.Sum(c => c));
        byte[] codes = Finite(type, Count(shape), random);
        (byte[] bytes, float[] scales) = Scales(scaleType, Count(scaleShape), random);
        var element = ReferenceFloat.Of(type);
        var values = new float[codes.Length];
        for (int i = 0; i < values.Length; i++)
        {
            long rest = i, scale = 0, stride = 1;
            for (int k = shape.Length - 1; k >= 0; k--)
            {
                scale += rest % shape[k] / block[k] * stride;
                stride *= (shape[k] + block[k] - 1) / block[k];
                rest /= shape[k];
            }

            values[i] = (float)element.Value(codes[i]) * scales[scale];
        }

        return new QuantizedCase(
            form,
            [
                TestCheckpoint.Tensor(Weight, type, shape, codes),
                TestCheckpoint.Tensor(scaleName.StartsWith("weight", StringComparison.Ordinal) ? $"{Weight}{scaleName[6..]}" : $"{Module}.{scaleName}", scaleType, scaleShape, bytes),
                TestCheckpoint.Tensor($"{Module}.input_scale", ElementType.F32, [], BitConverter.GetBytes(0.5f)),
            ],
            Weight,
            shape,
            values,
            config);
    }

    private static IEnumerable<QuantizedCase> Integer8()
    {
        var random = new Random(8);
        byte[] codes = Bytes(70 * 37, random);
        (byte[] bytes, float[] scales) = Scales(ElementType.BF16, 70, random);
        yield return new QuantizedCase(
            "int8 W8A8",
            [TestCheckpoint.Tensor(Weight, ElementType.I8, [70, 37], codes), TestCheckpoint.Tensor($"{Weight}_scale", ElementType.BF16, [70, 1], bytes)],
            Weight,
            [70, 37],
            [.. codes.Select((code, i) => (sbyte)code * scales[i / 37])]);

        (bytes, float[] largest) = Scales(ElementType.F32, 70, random);
        yield return new QuantizedCase(
            "bitsandbytes int8",
            [
                TestCheckpoint.Tensor(Weight, ElementType.I8, [70, 37], codes),
                TestCheckpoint.Tensor($"{Module}.SCB", ElementType.F32, [70], bytes),
                TestCheckpoint.Tensor($"{Module}.weight_format", ElementType.U8, [], [0]),
            ],
            Weight,
            [70, 37],
            [.. codes.Select((code, i) => (float)((float)((sbyte)code * largest[i / 37]) * 7.874015718698502e-3f))]);
    }

    private static IEnumerable<QuantizedCase> Microscaling()
    {
        var random = new Random(4);
        byte[] codes = [.. Bytes(6 * 96, random).Select(code => (byte)(code & 15))];
        byte[] low = [.. Enumerable.Range(0, codes.Length / 2).Select(i => (byte)(codes[2 * i] | (codes[(2 * i) + 1] << 4)))];
        (byte[] powers, float[] scales) = Scales(ElementType.U8, 6 * 3, random);
        float[] values = [.. codes.Select((code, i) => E2M1[code] * scales[i / 32])];
        yield return new QuantizedCase(
            "MXFP4 of compressed-tensors",
            [TestCheckpoint.Tensor($"{Weight}_packed", ElementType.U8, [6, 48], low), TestCheckpoint.Tensor($"{Weight}_scale", ElementType.U8, [6, 3], powers)],
            Weight,
            [6, 96],
            values);

        // gpt-oss: 2 experts of 3 outputs and 96 inputs, which are [experts, inputs, outputs] where they are plain.
        var transposed = new float[values.Length];
        for (int expert = 0; expert < 2; expert++)
        {
            for (int output = 0; output < 3; output++)
            {
                for (int input = 0; input < 96; input++)
                    transposed[(((expert * 96) + input) * 3) + output] = values[(((expert * 3) + output) * 96) + input];
            }
        }

        yield return new QuantizedCase(
            "gpt-oss",
            [
                TestCheckpoint.Tensor("model.layers.0.mlp.experts.down_proj_blocks", ElementType.U8, [2, 3, 3, 16], low),
                TestCheckpoint.Tensor("model.layers.0.mlp.experts.down_proj_scales", ElementType.U8, [2, 3, 3], powers),
            ],
            "model.layers.0.mlp.experts.down_proj",
            [2, 96, 3],
            transposed,
            """{"quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}}""");

        byte[] eighths = Finite(ElementType.F8E4M3, 6 * 6, random);
        const float over = 0.00173f;
        float[] fine = [.. eighths.Select(code => (float)ReferenceFloat.Of(ElementType.F8E4M3).Value(code))];
        (TensorSpec, byte[]) scale = TestCheckpoint.Tensor($"{Weight}_scale", ElementType.F8E4M3, [6, 6], eighths);
        yield return new QuantizedCase(
            "NVFP4 of the Model Optimizer",
            [TestCheckpoint.Tensor(Weight, ElementType.U8, [6, 48], low), scale, TestCheckpoint.Tensor($"{Weight}_scale_2", ElementType.F32, [], BitConverter.GetBytes(over))],
            Weight,
            [6, 96],
            [.. codes.Select((code, i) => E2M1[code] * (float)(fine[i / 16] * over))]);
        yield return new QuantizedCase(
            "NVFP4 of compressed-tensors",
            [TestCheckpoint.Tensor($"{Weight}_packed", ElementType.U8, [6, 48], low), scale, TestCheckpoint.Tensor($"{Weight}_global_scale", ElementType.F32, [1], BitConverter.GetBytes(over))],
            Weight,
            [6, 96],
            [.. codes.Select((code, i) => E2M1[code] * (float)(fine[i / 16] / over))]);
    }

    private static IEnumerable<QuantizedCase> BitsAndBytes()
    {
        var random = new Random(44);
        const int rows = 11, columns = 30, count = rows * columns, blocks = (count + 63) / 64;
        byte[] codes = [.. Bytes(count, random).Select(code => (byte)(code & 15))];
        byte[] high = [.. Enumerable.Range(0, count / 2).Select(i => (byte)((codes[2 * i] << 4) | codes[(2 * i) + 1]))];
        float[] table = [.. Enumerable.Range(0, 16).Select(k => MathF.Sin(k - 7.5f))];
        (byte[] bytes, float[] largest) = Scales(ElementType.F32, blocks, random);
        (TensorSpec, byte[]) State(string kind, string more) => TestCheckpoint.Tensor(
            $"{Weight}.quant_state.bitsandbytes__{kind}",
            ElementType.U8,
            [Encoding.UTF8.GetByteCount(Settings(kind, more))],
            Encoding.UTF8.GetBytes(Settings(kind, more)));
        static string Settings(string kind, string more) =>
            $$"""{"quant_type": "{{kind}}", "blocksize": 64, "dtype": "bfloat16", "shape": [11, 30]{{more}}}""";
        (TensorSpec, byte[])[] shared =
        [
            TestCheckpoint.Tensor(Weight, ElementType.U8, [count / 2, 1], high),
            TestCheckpoint.Tensor($"{Weight}.quant_map", ElementType.F32, [16], [.. table.SelectMany(BitConverter.GetBytes)]),
        ];
        yield return new QuantizedCase(
            "NF4",
            [.. shared, TestCheckpoint.Tensor($"{Weight}.absmax", ElementType.F32, [blocks], bytes), State("nf4", "")],
            Weight,
            [rows, columns],
            [.. codes.Select((code, i) => table[code] * largest[i / 64])]);

        byte[] outer = Bytes(blocks, random);
        float[] outerTable = [.. Enumerable.Range(0, 256).Select(k => (k - 127) / 128f)];
        (byte[] outerBytes, float[] outerLargest) = Scales(ElementType.F32, (blocks + 3) / 4, random);
        const float offset = 0.0371f;
        yield return new QuantizedCase(
            "FP4 with double quantisation",
            [
                .. shared,
                TestCheckpoint.Tensor($"{Weight}.absmax", ElementType.U8, [blocks], outer),
                TestCheckpoint.Tensor($"{Weight}.nested_absmax", ElementType.F32, [(blocks + 3) / 4], outerBytes),
                TestCheckpoint.Tensor($"{Weight}.nested_quant_map", ElementType.F32, [256], [.. outerTable.SelectMany(BitConverter.GetBytes)]),
                State("fp4", ", \"nested_blocksize\": 4, \"nested_dtype\": \"float32\", \"nested_offset\": 0.0371"),
            ],
            Weight,
            [rows, columns],
            [.. codes.Select((code, i) => table[code] * (float)((float)(outerTable[outer[i / 64]] * outerLargest[i / 256]) + offset))]);
    }

    private static IEnumerable<QuantizedCase> Gptq()
    {
        foreach (int bits in new[] { 2, 3, 4, 8 })
        {
            foreach (bool isSecond in new[] { false, true })
                yield return Gptq(bits, isSecond, isOrdered: bits is 3 or 4);
        }
    }

    private static QuantizedCase Gptq(int bits, bool isSecond, bool isOrdered)
    {
        const int inputs = 96, outputs = 64, groups = 3;
        var random = new Random(bits);
        int mask = (1 << bits) - 1;
        int[] codes = [.. Enumerable.Range(0, inputs * outputs).Select(_ => random.Next(mask + 1))]; // [inputs, outputs]
        int[] zeros = [.. Enumerable.Range(0, groups * outputs).Select(_ => random.Next(mask + 1))];
        (byte[] scaleBytes, float[] scales) = Scales(ElementType.F16, groups * outputs, random);
        int[] index = [.. Enumerable.Range(0, inputs).Select(i => i / (inputs / groups))];
        if (isOrdered)
            random.Shuffle(index);
        var values = new float[inputs * outputs];
        for (int output = 0; output < outputs; output++)
        {
            for (int input = 0; input < inputs; input++)
            {
                int place = (index[input] * outputs) + output;
                values[(output * inputs) + input] = scales[place] * (codes[(input * outputs) + output] - zeros[place]);
            }
        }

        // Bits of successive inputs of an output follow each other through its words; of successive outputs for zero points.
        uint[] packed = new uint[inputs * bits / 32 * outputs];
        for (int bit = 0; bit < inputs * bits; bit++)
        {
            for (int output = 0; output < outputs; output++)
                packed[(bit / 32 * outputs) + output] |= (uint)((codes[(bit / bits * outputs) + output] >> (bit % bits)) & 1) << (bit % 32);
        }

        uint[] packedZeros = new uint[groups * outputs * bits / 32];
        for (int group = 0; group < groups; group++)
        {
            for (int bit = 0; bit < outputs * bits; bit++)
            {
                int stored = (zeros[(group * outputs) + (bit / bits)] - (isSecond ? 0 : 1)) & mask;
                packedZeros[(group * outputs * bits / 32) + (bit / 32)] |= (uint)((stored >> (bit % bits)) & 1) << (bit % 32);
            }
        }

        return new QuantizedCase(
            $"GPTQ {bits} bits, format {(isSecond ? 2 : 1)}{(isOrdered ? ", act-order" : "")}",
            [
                Words($"{Module}.qweight", [inputs * bits / 32, outputs], packed),
                Words($"{Module}.qzeros", [groups, outputs * bits / 32], packedZeros),
                TestCheckpoint.Tensor($"{Module}.scales", ElementType.F16, [groups, outputs], scaleBytes),
                Words($"{Module}.g_idx", [inputs], [.. index.Select(group => (uint)group)]),
            ],
            Weight,
            [outputs, inputs],
            values,
            $$$"""{"torch_dtype": "float16", "quantization_config": {"quant_method": "gptq", "bits": {{{bits}}}, "group_size": 32, "checkpoint_format": "{{{(isSecond ? "gptq_v2" : "gptq")}}}"}}""");
    }

    private static QuantizedCase Awq()
    {
        const int inputs = 64, outputs = 48, groups = 2;
        var random = new Random(5);
        int[] order = [0, 2, 4, 6, 1, 3, 5, 7];
        int[] codes = [.. Enumerable.Range(0, inputs * outputs).Select(_ => random.Next(16))];
        int[] zeros = [.. Enumerable.Range(0, groups * outputs).Select(_ => random.Next(16))];
        (byte[] scaleBytes, float[] scales) = Scales(ElementType.F16, groups * outputs, random);
        var values = new float[inputs * outputs];
        for (int i = 0; i < values.Length; i++)
        {
            var (output, input) = Math.DivRem(i, inputs);
            int place = (input / 32 * outputs) + output;
            values[i] = (codes[(input * outputs) + output] - zeros[place]) * scales[place];
        }

        uint[] Pack(int[] from, int rows)
        {
            uint[] words = new uint[rows * outputs / 8];
            for (int word = 0; word < words.Length; word++)
            {
                for (int k = 0; k < 8; k++)
                    words[word] |= (uint)from[(word * 8) + order[k]] << (4 * k);
            }

            return words;
        }

        return new QuantizedCase(
            "AWQ",
            [
                Words($"{Module}.qweight", [inputs, outputs / 8], Pack(codes, inputs)),
                Words($"{Module}.qzeros", [groups, outputs / 8], Pack(zeros, groups)),
                TestCheckpoint.Tensor($"{Module}.scales", ElementType.F16, [groups, outputs], scaleBytes),
            ],
            Weight,
            [outputs, inputs],
            values,
            """{"torch_dtype": "float16", "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm", "zero_point": true}}""");
    }

    private static IEnumerable<QuantizedCase> PackedIntegers()
    {
        foreach (int bits in new[] { 4, 8 })
        {
            foreach (bool isSymmetric in new[] { true, false })
            {
                const int inputs = 60, outputs = 21, groups = 3;
                var random = new Random(bits);
                int half = 1 << (bits - 1), ofWord = 32 / bits;
                int[] codes = [.. Enumerable.Range(0, inputs * outputs).Select(_ => random.Next(-half, half))];
                int[] zeros = [.. Enumerable.Range(0, outputs * groups).Select(_ => isSymmetric ? 0 : random.Next(-half, half))];
                (byte[] scaleBytes, float[] scales) = Scales(ElementType.BF16, outputs * groups, random);
                int columns = (inputs + ofWord - 1) / ofWord, zeroRows = (outputs + ofWord - 1) / ofWord;
                uint[] packed = new uint[outputs * columns];
                for (int i = 0; i < codes.Length; i++)
                    packed[(i / inputs * columns) + (i % inputs / ofWord)] |= (uint)(codes[i] + half) << (i % inputs % ofWord * bits);
                uint[] packedZeros = new uint[zeroRows * groups];
                for (int i = 0; i < zeros.Length; i++)
                    packedZeros[(i / groups / ofWord * groups) + (i % groups)] |= (uint)(zeros[i] + half) << (i / groups % ofWord * bits);
                var shape = TestCheckpoint.Tensor($"{Weight}_shape", ElementType.I64, [2], [.. BitConverter.GetBytes((long)outputs), .. BitConverter.GetBytes((long)inputs)]);
                (TensorSpec, byte[])[] stored =
                [
                    Words($"{Weight}_packed", [outputs, columns], packed),
                    TestCheckpoint.Tensor($"{Weight}_scale", ElementType.BF16, [outputs, groups], scaleBytes),
                    shape,
                ];
                yield return new QuantizedCase(
                    $"int{bits} of compressed-tensors, {(isSymmetric ? "symmetric" : "with zero points")}",
                    isSymmetric ? stored : [.. stored, Words($"{Weight}_zero_point", [zeroRows, groups], packedZeros)],
                    Weight,
                    [outputs, inputs],
                    [.. codes.Select((code, i) => (code - zeros[(i / inputs * groups) + (i % inputs / 20)]) * scales[(i / inputs * groups) + (i % inputs / 20)])]);
            }
        }
    }

    private static (TensorSpec Spec, byte[] Bytes) Words(string name, long[] shape, uint[] words) =>
        TestCheckpoint.Tensor(name, ElementType.I32, shape, [.. words.SelectMany(BitConverter.GetBytes)]);

    private static int Count(long[] shape) => (int)shape.Aggregate(1L, (product, size) => product * size);

    private static byte[] Bytes(int count, Random random)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Finite(ElementType type, int count, Random random)
    {
        byte[] codes = Bytes(count, random);
        for (int i = 0; i < count; i++)
            codes[i] = double.IsFinite(ReferenceFloat.Of(type).Value(codes[i])) ? codes[i] : (byte)1;
        return codes;
    }

    /// <summary>Draws scales around a hundredth, all bits of their type at random.</summary>
    private static (byte[] Bytes, float[] Scales) Scales(ElementType type, int count, Random random)
    {
        if (type is ElementType.U8 or ElementType.F8E8M0)
        {
            byte[] powers = [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(110, 130))];
            return (powers, [.. powers.Select(power => MathF.Pow(2, power - 127))]);
        }

        var element = ReferenceFloat.Of(type);
        byte[] bytes = new byte[count * element.Size];
        float[] scales = new float[count];
        for (int i = 0; i < count; i++)
        {
            ulong encoding = element.Round(0.001 + (0.02 * random.NextDouble()));
            element.Store(bytes, i, encoding);
            scales[i] = (float)element.Value(encoding);
        }

        return (bytes, scales);
    }
}
