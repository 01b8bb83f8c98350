using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.GgufModels;
using DemEngine.Errors;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>A GGUF file of version 3, fixed to the byte before anything is written.</summary>
internal sealed class GgufFilePlan
{
    /// <summary>Key of the tool that wrote a file, by which files that may be replaced are known.</summary>
    public const string MadeBy = "dem.made_by";

    private const string Factors = "rope_freqs.weight";

    private GgufFilePlan(byte[] header, byte[] factors, GgufLayout layout)
    {
        Header = header;
        Start = header.Length;
        RopeFactors = factors;
        Tensors = layout.Tensors;
        Length = Start + layout.Length;
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
        TensorSpec embedding = specs.FirstOrDefault(spec => spec.Name == GgufNames.Embedding && spec.Shape.Dimensions.Length == 2)
            ?? throw config.Wrong($"the model has no matrix {GgufNames.Embedding}");
        float[] factors = config.RopeFactors() ?? [];
        var layout = GgufLayout.Of(specs, form, config, factors.Length * sizeof(float));
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
        byte[] header = Write(metadata, layout.Listed, factors.Length);
        return new GgufFilePlan(header, MemoryMarshal.AsBytes<float>(factors).ToArray(), layout)
        {
            Remarks = [.. RemarksOf(form, layout), .. config.Remark is { } remark ? [remark] : Array.Empty<string>()],
        };
    }

    private static IEnumerable<string> RemarksOf(GgufForm form, GgufLayout layout)
    {
        IEnumerable<string> counts = layout.Listed.CountBy(tensor => tensor.Type.Name)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Value} in {pair.Key}");
        yield return $"the file has {layout.Listed.Length} tensors: {string.Join(", ", counts)}";
        string[] plain = [.. layout.Tensors
            .Where(tensor => tensor.Type == BlockEncoder.F16 && form.Matrix != BlockEncoder.F16)
            .Select(tensor => tensor.Source.Name)];
        if (plain.Length > 0)
            yield return $"tensors whose rows are no whole blocks are in F16: {Quoted.List(plain)}";
    }

    private static byte[] Write(GgufMetadata metadata, ImmutableArray<GgufListedTensor> tensors, int factors)
    {
        if (factors > 0)
            tensors = tensors.Insert(0, new GgufListedTensor(Factors, [factors], BlockEncoder.F32, 0));
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write("GGUF"u8);
        GgufMetadata.Write(bytes, 3u);
        GgufMetadata.Write(bytes, (long)tensors.Length);
        GgufMetadata.Write(bytes, metadata.Count);
        bytes.Write(metadata.Bytes);
        foreach (GgufListedTensor tensor in tensors)
        {
            GgufMetadata.Write(bytes, tensor.Name);
            GgufMetadata.Write(bytes, (uint)tensor.Dimensions.Length);
            foreach (long dimension in tensor.Dimensions.Reverse())
                GgufMetadata.Write(bytes, dimension);
            GgufMetadata.Write(bytes, tensor.Type.Number);
            GgufMetadata.Write(bytes, tensor.Offset);
        }

        bytes.Write(new byte[GgufLayout.Aligned(bytes.WrittenCount) - bytes.WrittenCount]);
        return bytes.WrittenSpan.ToArray();
    }
}
