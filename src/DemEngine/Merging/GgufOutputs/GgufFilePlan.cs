using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.GgufModels;
using DemEngine.Errors;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>A GGUF file of version 3, fixed to the byte before anything is written.</summary>
internal sealed class GgufFilePlan
{
    /// <summary>Key of the tool that wrote a file, by which files that may be replaced are known.</summary>
    public const string MadeBy = "dem.made_by";

    private const string Embedding = "model.embed_tokens.weight";
    private const string Output = "lm_head.weight";
    private const string Factors = "rope_freqs.weight";
    private const int Alignment = 32;

    private GgufFilePlan(byte[] header, byte[] factors, ImmutableArray<GgufTensorPlan> tensors, long start)
    {
        Header = header;
        Start = start;
        RopeFactors = factors;
        Tensors = tensors;
        Length = tensors.Length == 0 ? start : start + Aligned(tensors[^1].Offset + tensors[^1].Bytes);
    }

    /// <summary>Everything before the data.</summary>
    public byte[] Header { get; }

    /// <summary>Offset of the data in the file.</summary>
    public long Start { get; }

    /// <summary>Data of the first tensor, which is computed from the configuration; empty for none.</summary>
    public byte[] RopeFactors { get; }

    /// <summary>Tensors that are made from those of the output.</summary>
    public ImmutableArray<GgufTensorPlan> Tensors { get; }

    /// <summary>Length of the file in bytes.</summary>
    public long Length { get; }

    /// <summary>Notes on what the file holds.</summary>
    public ImmutableArray<string> Remarks { get; private init; } = [];

    /// <summary>Plans a file.</summary>
    /// <param name="plan">Plan of the tensors in Hugging Face's layout.</param>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile), DEM2059 (NotForGguf) or DEM2060 (TokenizerNotForGguf): the model cannot be written so.
    /// </exception>
    public static GgufFilePlan Of(OutputPlan plan, string path)
    {
        var form = GgufForm.Of(plan.GgufForm!);
        var config = new GgufFileConfig(plan.SideFiles, path);
        TensorSpec[] specs =
            [.. plan.Layout.Tensors.Select(place => place.Spec).Where(spec => !config.IsLeftOut(spec.Name))];
        TensorSpec embedding = specs.FirstOrDefault(spec => spec.Name == Embedding && spec.Shape.Dimensions.Length == 2)
            ?? throw config.Wrong($"the model has no matrix {Embedding}");
        bool isTied = specs.All(spec => spec.Name != Output);
        float[] factors = config.RopeFactors() ?? [];
        var tensors = ImmutableArray.CreateBuilder<GgufTensorPlan>(specs.Length);
        long offset = Aligned(factors.Length * sizeof(float));
        foreach (TensorSpec spec in specs)
        {
            GgufTensorPlan tensor = Place(spec, form, config, isTied, offset);
            tensors.Add(tensor);
            offset = Aligned(offset + tensor.Bytes);
        }

        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", config.Architecture.Name);
        metadata.Add("general.type", "model");
        metadata.Add("general.name", Path.GetFileNameWithoutExtension(path));
        config.AddTo(metadata);
        metadata.Add($"{config.Architecture.Name}.vocab_size", (uint)embedding.Shape.Rows);
        new GgufTokenizer(plan.SideFiles, path).AddTo(metadata, embedding.Shape.Rows);
        metadata.Add("general.quantization_version", 2u);
        metadata.Add("general.file_type", form.FileType);
        metadata.Add(MadeBy, Manifest.ThisEngine);
        byte[] header = Write(metadata, tensors, factors.Length);
        return new GgufFilePlan(
            header, MemoryMarshal.AsBytes<float>(factors).ToArray(), tensors.ToImmutable(), header.Length)
        {
            Remarks = [.. RemarksOf(form, tensors)],
        };
    }

    private static IEnumerable<string> RemarksOf(GgufForm form, IReadOnlyCollection<GgufTensorPlan> tensors)
    {
        IEnumerable<string> counts = tensors.CountBy(tensor => tensor.Type.Name)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Value} in {pair.Key}");
        yield return $"the file has {tensors.Count} tensors: {string.Join(", ", counts)}";
        string[] plain = [.. tensors
            .Where(tensor => tensor.Type == BlockEncoder.F16 && form.Matrix != BlockEncoder.F16)
            .Select(tensor => tensor.Source.Name)];
        if (plain.Length > 0)
            yield return $"tensors whose rows are no whole blocks are in F16: {Quoted.List(plain)}";
    }

    private static GgufTensorPlan Place(
        TensorSpec spec, GgufForm form, GgufFileConfig config, bool isTied, long offset)
    {
        if (spec.Type is not (ElementType.F32 or ElementType.F16 or ElementType.BF16))
            throw config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} is {spec.Type.SafetensorsName}; F32, F16 and BF16 are written as GGUF");
        (string name, GgufName place) = GgufNames.InFile(spec.Name, config.Architecture)
            ?? throw config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} has no known place in a GGUF file of {config.Architecture.Name}");
        if (spec.Shape.Dimensions.Length is < 1 or > 4 || spec.Shape.ElementCount == 0)
            throw config.Wrong($"tensor {Quoted.Name(spec.Name)} is {spec.Shape}");
        long heads = !config.Architecture.IsPermuted ? 0 : place.IsQuery ? config.Heads : place.IsKey ? config.KeyHeads : 0;
        if (heads > 0 && spec.Shape.Rows % (2 * heads) != 0)
            throw config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} has {spec.Shape.Rows} rows, which do not divide into {heads} heads");
        return new GgufTensorPlan(
            name,
            spec,
            form.TypeOf(
                spec.Shape,
                GgufPlace.Of(name, place.IsNorm, spec.Name == Output || (isTied && spec.Name == Embedding)),
                config.Sizes),
            heads,
            place.IsNorm ? config.Architecture.NormOffset : 0,
            offset);
    }

    private static byte[] Write(GgufMetadata metadata, IReadOnlyCollection<GgufTensorPlan> tensors, int factors)
    {
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write("GGUF"u8);
        GgufMetadata.Write(bytes, 3u);
        GgufMetadata.Write(bytes, (long)tensors.Count + (factors > 0 ? 1 : 0));
        GgufMetadata.Write(bytes, metadata.Count);
        bytes.Write(metadata.Bytes);
        if (factors > 0)
            WriteTensor(bytes, Factors, [factors], BlockEncoder.F32, 0);
        foreach (GgufTensorPlan tensor in tensors)
            WriteTensor(bytes, tensor.Name, tensor.Source.Shape.Dimensions, tensor.Type, tensor.Offset);
        bytes.Write(new byte[Aligned(bytes.WrittenCount) - bytes.WrittenCount]);
        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteTensor(
        ArrayBufferWriter<byte> bytes, string name, ImmutableArray<long> dimensions, BlockEncoder type, long offset)
    {
        GgufMetadata.Write(bytes, name);
        GgufMetadata.Write(bytes, (uint)dimensions.Length);
        foreach (long dimension in dimensions.Reverse())
            GgufMetadata.Write(bytes, dimension);
        GgufMetadata.Write(bytes, type.Number);
        GgufMetadata.Write(bytes, offset);
    }

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
