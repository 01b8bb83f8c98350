using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Pipelines;

/// <summary>A component as <c>model_index.json</c> lists it.</summary>
/// <param name="Name">Name of the component, which its folder has too.</param>
/// <param name="Class">Name of the class that loads it.</param>
internal sealed record ListedComponent(string Name, string Class);

/// <summary>
/// Reads <c>model_index.json</c>, in which diffusers lists the components of a pipeline as <c>name: [library, class]</c>. Nulls
/// stand for a component that a pipeline of the kind may have and this one does not.
/// </summary>
internal static class PipelineIndex
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "model_index.json";

    private const long MaxLength = 1 << 20;

    /// <summary>Reads the components of a pipeline, in the order of the file.</summary>
    /// <param name="folder">Path of the pipeline's root.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file cannot be read, or is not such a list.</exception>
    public static ImmutableArray<ListedComponent> Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (Parse(path) is not JsonObject index)
            throw Wrong(path, "not a JSON object");
        var components = ImmutableArray.CreateBuilder<ListedComponent>();
        foreach (var (name, value) in index)
        {
            if (name.StartsWith('_') || value is not JsonArray { Count: 2 } pair || pair[1] is not { } type)
                continue;
            if (type.GetValueKind() != JsonValueKind.String)
                continue; // A setting whose value is two numbers, such as a size.
            if (name.Length is 0 or > 255 || name[0] == '.' || name.AsSpan().IndexOfAny("/\\:") >= 0 || name.Any(char.IsControl))
                throw Wrong(path, $"{Quoted.Name(name)} cannot be the name of a component's folder");
            components.Add(new ListedComponent(name, type.GetValue<string>()));
        }

        return components.ToImmutable();
    }

    private static JsonNode? Parse(string path)
    {
        if (LinuxFile.IsSpecial(path))
            throw Wrong(path, "this is a pipe, a socket or a device, and no file");
        try
        {
            return BoundedFile.Read(path, MaxLength) is { } json
                ? StrictJson.ParseNode(json)
                : throw Wrong(path, $"larger than {MaxLength} bytes");
        }
        catch (JsonException e)
        {
            throw Wrong(path, $"not valid JSON: {JsonFault.Describe(e)}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, e.Message, e);
        }
    }

    private static DemException Wrong(string path, string what, Exception? inner = null) =>
        new(ErrorCode.BadSideFile, $"{path}: {what}", inner) { Path = path };
}
