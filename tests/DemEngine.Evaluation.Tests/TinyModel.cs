using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests;

/// <summary>A model of random weights in memory, for the evaluator and for the reference.</summary>
internal sealed class TinyModel : IModelWeights, IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = [];

    public TinyModel(LlamaConfig config, int seed = 1, double deviation = 0.3)
    {
        Config = config;
        var random = new Random(seed);
        foreach (LlamaTensor tensor in LlamaTensors.Of(config))
        {
            bool isNorm = tensor.Shape.Dimensions.Length == 1;
            float[] values = [.. Enumerable.Range(0, (int)tensor.Shape.ElementCount).Select(_ => (float)((isNorm ? 1 : 0) + (deviation * Normal(random))))];
            Set(tensor.Name, tensor.Shape, values);
        }
    }

    /// <summary>Small, and with no size that is a multiple of a vector.</summary>
    public static LlamaConfig Shape { get; } = new()
    {
        VocabularySize = 37,
        HiddenSize = 20,
        IntermediateSize = 27,
        Layers = 3,
        AttentionHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
        RmsNormEpsilon = 1e-5,
        MaxPositions = 64,
    };

    public string Name => "tiny";

    public LlamaConfig Config { get; set; }

    public ImmutableArray<TensorSpec> Tensors => [.. _tensors.Values.Select(tensor => tensor.Spec)];

    public string Folder => throw new NotSupportedException();

    public ReferenceLlama Reference => new(Config, Numbers);

    public Dictionary<string, double[]> Numbers => _tensors.Values.ToDictionary(
        tensor => tensor.Spec.Name, tensor => MemoryMarshal.Cast<byte, float>(tensor.Bytes.Span).ToArray().Select(value => (double)value).ToArray());

    public ITensorData? Find(string name) => _tensors.GetValueOrDefault(name);

    public void Set(string name, TensorShape shape, float[] values) =>
        _tensors[name] = new Tensor(new TensorSpec(name, ElementType.F32, shape), MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public void Fill(string name, float value) =>
        Set(name, _tensors[name].Spec.Shape, [.. Enumerable.Repeat(value, (int)_tensors[name].Spec.Shape.ElementCount)]);

    public void Remove(string name) => _tensors.Remove(name);

    /// <summary>Writes it as a folder, with elements cut to the upper half of binary32 if asked for; then the model in memory is changed too.</summary>
    public void Write(string folder, ElementType type)
    {
        if (type == ElementType.BF16)
        {
            foreach (Tensor tensor in _tensors.Values)
                MemoryMarshal.Cast<byte, uint>(tensor.Bytes.Span).ToArray().Select((bits, i) => (bits, i)).ToList().ForEach(pair =>
                    MemoryMarshal.Cast<byte, uint>(tensor.Bytes.Span)[pair.i] = pair.bits & 0xFFFF0000);
        }

        TestCheckpoint.Write(folder, [.. _tensors.Values.Select(tensor => (tensor.Spec with { Type = type }, Convert(tensor.Bytes.Span, type)))]);
        File.WriteAllBytes(Path.Combine(folder, "config.json"), Config.ToJson(type));
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static byte[] Convert(ReadOnlySpan<byte> singles, ElementType type)
    {
        float[] values = MemoryMarshal.Cast<byte, float>(singles).ToArray();
        return type switch
        {
            ElementType.F32 => singles.ToArray(),
            ElementType.F64 => MemoryMarshal.AsBytes(values.Select(value => (double)value).ToArray().AsSpan()).ToArray(),
            ElementType.BF16 => MemoryMarshal.AsBytes(values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray().AsSpan()).ToArray(),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed class Tensor : ITensorData, IDisposable
    {
        private readonly NativeBuffer _memory;

        public Tensor(TensorSpec spec, byte[] bytes)
        {
            Spec = spec;
            _memory = new NativeBuffer(bytes.Length);
            bytes.CopyTo(_memory.Bytes.Span);
        }

        public TensorSpec Spec { get; }

        public NativeBytes Bytes => _memory.Bytes;

        public TypedBytes Read(long first, int count, NativeBytes scratch) => new TypedBytes(Spec.Type, _memory.Bytes).Slice((int)first, count);

        public void Dispose() => _memory.Dispose();
    }
}
