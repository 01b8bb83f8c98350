using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>The sizes of a decoder as its <c>config.json</c> states them: of one that <see cref="LlamaConfig"/> knows.</summary>
/// <param name="Name">Name of the shape.</param>
/// <param name="Config">The configuration.</param>
public sealed record ConfiguredShape(string Name, LlamaConfig Config) : IModelShape
{
    private const string Remedy =
        "Give the config.json of a Llama, Mistral, Mixtral, Qwen2, Qwen3, Gemma 2 or Gemma 3 model, or make a model from one "
        + "that there is, of any architecture, with --tuned-from.";

    /// <summary>
    /// Reads the sizes from a configuration. One that states nothing but sizes, no architecture, is of a Llama.
    /// </summary>
    /// <param name="path">Path of a <c>config.json</c>, or of a folder with one.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file cannot be read. DEM2101 (UnknownArchitecture): the tensors of its architecture are not
    /// known. DEM2102 (BadConfig): a value is missing or wrong.
    /// </exception>
    public static ConfiguredShape Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, LlamaConfig.FileName) : path;
        try
        {
            return new ConfiguredShape(NameOf(path), LlamaConfig.Parse(WithArchitecture(File.ReadAllBytes(file)), file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{file}: {FileFault.Describe(e)}", e) { Path = file };
        }
        catch (DemException e) when (e.Code == ErrorCode.UnknownArchitecture)
        {
            throw new DemException(e.Code, e.Message, e, Remedy) { Path = e.Path };
        }
    }

    /// <inheritdoc/>
    public IEnumerable<TensorSpec> Tensors(ElementType type) =>
        LlamaTensors.Of(Config).Select(tensor => new TensorSpec(tensor.Name, type, tensor.Shape));

    /// <inheritdoc/>
    public byte[] ToConfig(ElementType type) => Config.ToJson(type);

    private static byte[] WithArchitecture(byte[] json)
    {
        try
        {
            if (StrictJson.ParseNode(json) is JsonObject sizes && sizes["model_type"] is null && sizes["architectures"] is null)
            {
                sizes["model_type"] = "llama";
                return IndentedJson.Write(sizes);
            }
        }
        catch (JsonException)
        {
            // What is wrong with it is said where it is read.
        }

        return json;
    }

    // All configurations have the same name, so that their folders' tell them apart.
    private static string NameOf(string path)
    {
        string whole = Path.GetFullPath(path);
        string folder = Directory.Exists(whole) ? whole : Path.GetDirectoryName(whole)!;
        return Path.GetFileName(whole) != LlamaConfig.FileName && folder != whole ? Path.GetFileNameWithoutExtension(whole)
            : Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) is { Length: > 0 } name ? name : "model";
    }
}
