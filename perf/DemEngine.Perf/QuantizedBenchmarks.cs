using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Perf;

/// <summary>
/// Tiles of a mapped matrix of 2048 × 4096 in each quantised form, decoded to binary32, beside the same tiles in BF16. Codes and
/// scales are random bytes; the work does not depend on them.
/// </summary>
public class QuantizedBenchmarks : IMovesBytes
{
    private const int Rows = 2048, Columns = 4096;
    private const string Weight = "model.layers.0.mlp.up_proj.weight";
    private const string Module = "model.layers.0.mlp.up_proj";

    private static readonly long Elements = (long)Rows * Columns;

    private readonly ITileWorker _worker = new CpuBackend().CreateWorker();
    private StoredTensor? _tensor;
    private StoredTensor? _plain;
    private TypedBytes _tile;

    [Params("FP8 128x128", "FP8 channel", "MXFP8", "MXFP4", "NVFP4", "gpt-oss", "int8", "NF4", "NF4 nested", "GPTQ 4", "GPTQ 4 act-order", "GPTQ 3", "AWQ", "int4")]
    public string Form { get; set; } = "FP8 128x128";

    // Those of BF16, so that rates of one form and of another are those of elements.
    public long BytesMoved => Elements * (2 + sizeof(float));

    [GlobalSetup]
    public void Setup()
    {
        string folder = Directory.CreateTempSubdirectory("dem-perf-").FullName;
        var tensors = new List<(TensorSpec Spec, byte[] Bytes)>(TensorsOf(Form));
        tensors.Add(Random("plain.weight", ElementType.BF16, Rows, Columns));
        Write(Path.Combine(folder, "model.safetensors"), tensors);
        if (Form.StartsWith("GPTQ", StringComparison.Ordinal))
            File.WriteAllText(
                Path.Combine(folder, "config.json"),
                "{\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": " + Form[5] + ", \"group_size\": 128}}");
        Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder));
        _plain = decoded.Find("plain.weight");
        _tensor = decoded.Tensors.Single(tensor => tensor.Origin is not null);
        _tile = TestData.Allocate(ElementType.F32);
    }

    [Benchmark(Baseline = true)]
    public void Plain()
    {
        for (long first = 0; first < Elements; first += TestData.Elements)
            _worker.Combine(LinearCombination.BaseAlone, [_plain!.Read(first, TestData.Elements, default)], _tile);
    }

    [Benchmark]
    public void Decoded()
    {
        for (long first = 0; first < Elements; first += TestData.Elements)
            _tensor!.Read(first, TestData.Elements, _tile.Bytes);
    }

    private static (TensorSpec, byte[])[] TensorsOf(string form) => form switch
    {
        "FP8 128x128" => [Random(Weight, ElementType.F8E4M3, Rows, Columns), Random($"{Weight}_scale_inv", ElementType.F32, Rows / 128, Columns / 128)],
        "FP8 channel" => [Random(Weight, ElementType.F8E4M3, Rows, Columns), Random($"{Weight}_scale", ElementType.F32, Rows, 1)],
        "MXFP8" => [Random(Weight, ElementType.F8E4M3, Rows, Columns), Random($"{Weight}_scale", ElementType.U8, Rows, Columns / 32)],
        "MXFP4" => [Random($"{Weight}_packed", ElementType.U8, Rows, Columns / 2), Random($"{Weight}_scale", ElementType.U8, Rows, Columns / 32)],
        "NVFP4" =>
        [
            Random(Weight, ElementType.U8, Rows, Columns / 2),
            Random($"{Weight}_scale", ElementType.F8E4M3, Rows, Columns / 16),
            Random($"{Weight}_scale_2", ElementType.F32),
        ],
        "gpt-oss" =>
        [
            Random("model.layers.0.mlp.experts.down_proj_blocks", ElementType.U8, 1, Rows, Columns / 32, 16),
            Random("model.layers.0.mlp.experts.down_proj_scales", ElementType.U8, 1, Rows, Columns / 32),
        ],
        "int8" => [Random(Weight, ElementType.I8, Rows, Columns), Random($"{Weight}_scale", ElementType.BF16, Rows, 1)],
        "NF4" => [.. Nf4(""), Random($"{Weight}.absmax", ElementType.F32, Elements / 64)],
        "NF4 nested" =>
        [
            .. Nf4(", \"nested_blocksize\": 256, \"nested_offset\": 0.1"),
            Random($"{Weight}.absmax", ElementType.U8, Elements / 64),
            Random($"{Weight}.nested_absmax", ElementType.F32, Elements / 64 / 256),
            Random($"{Weight}.nested_quant_map", ElementType.F32, 256),
        ],
        "AWQ" =>
        [
            Random($"{Module}.qweight", ElementType.I32, Columns, Rows / 8),
            Random($"{Module}.qzeros", ElementType.I32, Columns / 128, Rows / 8),
            Random($"{Module}.scales", ElementType.F16, Columns / 128, Rows),
        ],
        "int4" =>
        [
            Random($"{Weight}_packed", ElementType.I32, Rows, Columns / 8),
            Random($"{Weight}_scale", ElementType.BF16, Rows, Columns / 128),
            (new TensorSpec($"{Weight}_shape", ElementType.I64, new TensorShape(2)), [.. BitConverter.GetBytes((long)Rows), .. BitConverter.GetBytes((long)Columns)]),
        ],
        _ => Gptq(int.Parse(form.AsSpan(5, 1), CultureInfo.InvariantCulture), form.EndsWith("order", StringComparison.Ordinal)),
    };

    private static (TensorSpec, byte[])[] Nf4(string more)
    {
        byte[] state = Encoding.UTF8.GetBytes($"{{\"blocksize\": 64, \"dtype\": \"bfloat16\", \"shape\": [{Rows}, {Columns}]{more}}}");
        return
        [
            Random(Weight, ElementType.U8, Elements / 2, 1),
            Random($"{Weight}.quant_map", ElementType.F32, 16),
            (new TensorSpec($"{Weight}.quant_state.bitsandbytes__nf4", ElementType.U8, new TensorShape(state.Length)), state),
        ];
    }

    private static (TensorSpec, byte[])[] Gptq(int bits, bool isOrdered)
    {
        int[] index = [.. Enumerable.Range(0, Columns).Select(i => i / 128)];
        if (isOrdered)
            new Random(1).Shuffle(index);
        return
        [
            Random($"{Module}.qweight", ElementType.I32, Columns * bits / 32, Rows),
            Random($"{Module}.qzeros", ElementType.I32, Columns / 128, Rows * bits / 32),
            Random($"{Module}.scales", ElementType.F16, Columns / 128, Rows),
            (new TensorSpec($"{Module}.g_idx", ElementType.I32, new TensorShape(Columns)), [.. index.SelectMany(BitConverter.GetBytes)]),
        ];
    }

    /// <summary>A tensor of random bytes, in which scales are numbers.</summary>
    private static (TensorSpec, byte[]) Random(string name, ElementType type, params long[] shape)
    {
        var spec = new TensorSpec(name, type, new TensorShape([.. shape]));
        byte[] bytes = new byte[spec.ByteLength];
        new Random(name.Length).NextBytes(bytes);

        // Exponents of numbers that are neither tiny nor infinite: tiny ones would take the processor more time.
        if (type.Size > 1 && type.IsFloat)
        {
            for (int k = type.Size - 1; k < bytes.Length; k += type.Size)
                bytes[k] = (byte)((bytes[k] & 0x83) | (type == ElementType.F16 ? 0x24 : 0x3C));
        }
        else if (type is ElementType.F8E4M3 or ElementType.U8)
        {
            for (int k = 0; k < bytes.Length && name.Contains("scale", StringComparison.Ordinal); k++)
                bytes[k] = (byte)((bytes[k] & 7) | 0x70);
        }

        return (spec, bytes);
    }

    private static void Write(string path, IReadOnlyCollection<(TensorSpec Spec, byte[] Bytes)> tensors)
    {
        var layout = ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), long.MaxValue);
        using FileStream file = File.Create(path);
        file.Write(layout.Shards[0].Header.Span);
        foreach (PlacedTensor place in layout.Tensors)
        {
            file.Position = place.Offset;
            file.Write(tensors.First(tensor => tensor.Spec.Name == place.Spec.Name).Bytes);
        }
    }
}
