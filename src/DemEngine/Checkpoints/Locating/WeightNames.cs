namespace DemEngine.Checkpoints.Locating;

/// <summary>Names under which the weights of a model lie in its folder, as libraries write them.</summary>
/// <param name="Single">Name of the only file of a model that is not divided.</param>
internal sealed record WeightNames(string Single)
{
    private const string IndexSuffix = ".index.json";
    private const string DiffusersStem = "diffusion_pytorch_model";

    /// <summary>Names of safetensors files, in the order in which they are looked for: transformers', diffusers'.</summary>
    public static IReadOnlyList<WeightNames> Safetensors { get; } =
        [new(CheckpointFiles.SingleName), new($"{DiffusersStem}.safetensors")];

    /// <summary>Names of PyTorch's files, which are looked for where there are no safetensors files.</summary>
    public static IReadOnlyList<WeightNames> PyTorch { get; } = [new("pytorch_model.bin"), new($"{DiffusersStem}.bin")];

    /// <summary>Name of the index of a model that is divided.</summary>
    public string Index => Single + IndexSuffix;

    /// <summary>What the names of its files end in.</summary>
    public string Suffix => Path.GetExtension(Single);

    /// <summary>
    /// Names under which the library that wrote a model looks for it as safetensors: transformers or diffusers.
    /// </summary>
    /// <param name="files">Paths of the files of the model.</param>
    public static WeightNames LikeThose(IEnumerable<string> files) =>
        files.Any(file => Path.GetFileName(file).StartsWith(DiffusersStem, StringComparison.Ordinal))
            ? Safetensors[1]
            : Safetensors[0];

    /// <summary>Whether a path is that of an index.</summary>
    public static bool IsIndex(string path) => path.EndsWith(IndexSuffix, StringComparison.Ordinal);

    /// <summary>Returns the names of the model that an index belongs to.</summary>
    /// <param name="index">Path of the index.</param>
    public static WeightNames OfIndex(string index) => new(Path.GetFileName(index)[..^IndexSuffix.Length]);
}
