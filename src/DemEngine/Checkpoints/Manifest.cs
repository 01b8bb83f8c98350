using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints;

/// <summary>Input of a run.</summary>
/// <param name="Role">Role of the input, such as <c>base</c> or <c>model</c>.</param>
/// <param name="Path">Path of the input, as the user gave it.</param>
/// <param name="Fingerprint">Fingerprint of the input; see <see cref="Fingerprint"/>.</param>
public sealed record ManifestInput(string Role, string Path, string Fingerprint);

/// <summary>Tensor of the output.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Dtype">Element type of the tensor, as the header names it.</param>
/// <param name="Shape">Dimensions of the tensor, outermost first.</param>
/// <param name="Hash">Hash of the tensor's bytes; see <see cref="ContentHash"/>.</param>
/// <param name="NonFiniteInputs">Number of infinities and NaNs found in the inputs.</param>
/// <param name="NonFiniteOutputs">Number of infinities and NaNs written.</param>
public sealed record ManifestTensor(
    string Name,
    string Dtype,
    IReadOnlyList<long> Shape,
    string Hash,
    long NonFiniteInputs,
    long NonFiniteOutputs);

/// <summary>
/// Manifest of an output, <c>dem-manifest.json</c>: what the output was made from and what it holds. It names no time and no
/// machine, so that the same merge gives the same bytes here too.
/// </summary>
/// <param name="Engine">Name and version of the engine that wrote the output.</param>
/// <param name="Operation">Name of the operation, such as <c>merge</c> or <c>extract</c>.</param>
/// <param name="Recipe">Text of the recipe; null where there was none.</param>
/// <param name="Inputs">Checkpoints that were read.</param>
/// <param name="Tensors">Tensors that were written, in the order of the shards.</param>
public sealed partial record Manifest(
    string Engine,
    string Operation,
    string? Recipe,
    IReadOnlyList<ManifestInput> Inputs,
    IReadOnlyList<ManifestTensor> Tensors)
{
    /// <summary>Name of the manifest file in the output folder.</summary>
    public const string FileName = "dem-manifest.json";

    /// <summary>Description of how <see cref="ManifestTensor.Hash"/> is computed.</summary>
    public string HashMethod { get; init; } = $"XXH3-128 of the XXH3-128 of each {ContentHash.LeafBytes} bytes";

    /// <summary>
    /// Name and version of this engine. The version is a semantic version (https://semver.org) without build metadata.
    /// </summary>
    public static string ThisEngine { get; } =
        $"DemEngine {typeof(Manifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0]}";

    /// <summary>
    /// XXH3-128 over one line for each tensor, in the order of their names: name, element type, shape and hash. It does not
    /// depend on how the tensors are distributed to shards.
    /// </summary>
    internal string TensorsHash
    {
        get
        {
            var hash = new XxHash128();
            foreach (ManifestTensor tensor in Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
            {
                string shape = string.Join(',', tensor.Shape);
                hash.Append(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Dtype} [{shape}] {tensor.Hash}\n"));
            }

            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
    }

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="DemException">DEM2021 (BadManifest): the manifest is missing or cannot be read.</exception>
    public static Manifest Read(string folder)
    {
        string path = System.IO.Path.Combine(folder, FileName);
        if (LinuxFile.IsSpecial(path))
            throw new DemException(ErrorCode.BadManifest, $"{path}: this is a pipe, a socket or a device, and no file")
            {
                Path = path,
            };
        try
        {
            byte[] json = File.ReadAllBytes(path);
            StrictJson.CheckText(json);
            Manifest? manifest = JsonSerializer.Deserialize(json, ManifestJson.Default.Manifest);
            return IsWhole(manifest)
                ? manifest
                : throw new DemException(ErrorCode.BadManifest, $"{path}: not a manifest") { Path = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DemException(ErrorCode.BadManifest, $"{path}: {JsonFault.Describe(e)}", e) { Path = path };
        }
    }

    /// <summary>Whether nothing is missing and no tensor occurs twice, which valid JSON does not guarantee.</summary>
    private static bool IsWhole([NotNullWhen(true)] Manifest? manifest) =>
        manifest is { Engine: not null, Operation: not null, Inputs: not null, Tensors: not null }
        && manifest.Inputs.All(input => input is { Role: not null, Path: not null, Fingerprint: not null })
        && manifest.Tensors.All(tensor => tensor is { Name: not null, Dtype: not null, Shape: not null, Hash: not null })
        && manifest.Tensors.DistinctBy(tensor => tensor.Name).Count() == manifest.Tensors.Count;

    /// <summary>Returns the contents of the manifest file.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.Manifest), (byte)'\n'];

    [JsonSourceGenerationOptions(
        WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(Manifest))]
    private sealed partial class ManifestJson : JsonSerializerContext;
}
