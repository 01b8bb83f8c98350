using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Files;

namespace DemEngine.Checkpoints;

/// <summary>One input of a run.</summary>
/// <param name="Role">Such as <c>base</c> or <c>model</c>.</param>
/// <param name="Path">As it was given.</param>
/// <param name="Fingerprint">See <see cref="Fingerprint"/>.</param>
public sealed record ManifestInput(string Role, string Path, string Fingerprint);

/// <summary>One tensor of the output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dtype">Its element type, as the header names it.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Hash">Of its bytes; see <see cref="ContentHash"/>.</param>
/// <param name="NonFiniteInputs">Infinities and NaNs met in the inputs.</param>
/// <param name="NonFiniteOutputs">Infinities and NaNs written.</param>
public sealed record ManifestTensor(
    string Name, string Dtype, IReadOnlyList<long> Shape, string Hash, long NonFiniteInputs, long NonFiniteOutputs);

/// <summary>
/// What an output was made from and what it holds: <c>dem-manifest.json</c>. It names no time and no machine, so that the same merge
/// gives the same bytes here too.
/// </summary>
/// <param name="Engine">Name and version of what wrote it.</param>
/// <param name="Operation">Such as <c>merge</c> or <c>extract</c>.</param>
/// <param name="Recipe">The recipe's text, where there was one.</param>
/// <param name="Inputs">What was read.</param>
/// <param name="Tensors">What was written, in the order of the shards.</param>
public sealed partial record Manifest(
    string Engine, string Operation, string? Recipe, IReadOnlyList<ManifestInput> Inputs, IReadOnlyList<ManifestTensor> Tensors)
{
    /// <summary>Its name in the output folder.</summary>
    public const string FileName = "dem-manifest.json";

    /// <summary>How <see cref="ManifestTensor.Hash"/> is computed.</summary>
    public string HashMethod { get; init; } = $"XXH3-128 of the XXH3-128 of each {ContentHash.LeafBytes} bytes";

    /// <summary>Name and version of this engine, the version as semantic versioning has it (https://semver.org), without build metadata.</summary>
    public static string ThisEngine { get; } =
        $"DemEngine {typeof(Manifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]}";

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="DemException">DEM2021: there is none, or it cannot be read.</exception>
    public static Manifest Read(string folder)
    {
        string path = System.IO.Path.Combine(folder, FileName);
        if (LinuxFile.IsSpecial(path))
            throw new DemException(ErrorCode.BadManifest, $"{path}: this is a pipe, a socket or a device, and no file");
        try
        {
            Manifest? manifest = JsonSerializer.Deserialize(File.ReadAllBytes(path), ManifestJson.Default.Manifest);
            return IsWhole(manifest)
                ? manifest
                : throw new DemException(ErrorCode.BadManifest, $"{path}: not a manifest");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DemException(ErrorCode.BadManifest, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>JSON that parses may still lack anything, or say it twice.</summary>
    private static bool IsWhole([NotNullWhen(true)] Manifest? manifest) =>
        manifest is { Engine: not null, Operation: not null, Inputs: not null, Tensors: not null }
        && manifest.Inputs.All(input => input is { Role: not null, Path: not null, Fingerprint: not null })
        && manifest.Tensors.All(tensor => tensor is { Name: not null, Dtype: not null, Shape: not null, Hash: not null })
        && manifest.Tensors.DistinctBy(tensor => tensor.Name).Count() == manifest.Tensors.Count;

    /// <summary>The file's contents.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.Manifest), (byte)'\n'];

    [JsonSourceGenerationOptions(
        WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(Manifest))]
    private sealed partial class ManifestJson : JsonSerializerContext;
}
