using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Checkpoints.Folders;
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

/// <summary>File of the output beside its manifest.</summary>
/// <param name="Path">Path of the file in the output's folder, with slashes.</param>
/// <param name="Bytes">Length of the file in bytes.</param>
/// <param name="Hash">
/// Hash of the file, or of its header where <paramref name="HeaderBytes"/> is given; see <see cref="ContentHash"/>.
/// </param>
/// <param name="HeaderBytes">
/// Number of bytes before the tensors of a shard, whose own hashes cover the rest; null for other files.
/// </param>
public sealed record ManifestFile(string Path, long Bytes, string Hash, long? HeaderBytes = null)
{
    /// <summary>Lists the files of an output.</summary>
    /// <param name="shards">Shards of the output.</param>
    /// <param name="files">Contents of the other files, by their paths.</param>
    internal static IReadOnlyList<ManifestFile> Of(
        IEnumerable<PlannedShard> shards, IEnumerable<KeyValuePair<string, byte[]>> files) =>
    [
        .. shards.Select(shard => OfShard(shard, shard.Header)),
        .. files.OrderBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => new ManifestFile(file.Key, file.Value.Length, HashOf(file.Value))),
    ];

    private static ManifestFile OfShard(PlannedShard shard, ReadOnlyMemory<byte> header) =>
        new(shard.FileName, shard.Length, HashOf(header.Span), header.Length);

    /// <summary>Hashes the start of an open file.</summary>
    /// <param name="file">The file, at its start.</param>
    /// <param name="bytes">Number of bytes to hash; no more than the file has.</param>
    internal static string HashOf(Stream file, long bytes)
    {
        byte[] leaf = new byte[ContentHash.LeafBytes];
        byte[] leaves = new byte[ContentHash.LeafCount(bytes) * ContentHash.HashBytes];
        for (long at = 0; at < bytes; at += leaf.Length)
        {
            Span<byte> part = leaf.AsSpan(0, (int)Math.Min(leaf.Length, bytes - at));
            file.ReadExactly(part);
            ContentHash.HashLeaves(part, leaves.AsSpan((int)(at / leaf.Length * ContentHash.HashBytes)));
        }

        return ContentHash.Finish(leaves);
    }

    private static string HashOf(ReadOnlySpan<byte> contents)
    {
        byte[] leaves = new byte[ContentHash.LeafCount(contents.Length) * ContentHash.HashBytes];
        ContentHash.HashLeaves(contents, leaves);
        return ContentHash.Finish(leaves);
    }
}

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
    /// Files of the output: shards with their headers, the index and everything beside them, without the manifest itself. Null in
    /// manifests of versions that did not list them.
    /// </summary>
    public IReadOnlyList<ManifestFile>? Files { get; init; }

    /// <summary>
    /// Name and version of this engine. The version is a semantic version (https://semver.org) without build metadata.
    /// </summary>
    public static string ThisEngine { get; } =
        $"DemEngine {typeof(Manifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0]}";

    /// <summary>The commit that this engine was built from; null where it was built without its history.</summary>
    internal static string? ThisCommit { get; } =
        typeof(Manifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+') is [_, var commit] ? commit : null;

    /// <summary>
    /// XXH3-128 over one line for each tensor, in the order of their names: name, element type, shape and hash. It does not
    /// depend on how the tensors are distributed to shards.
    /// </summary>
    internal string TensorsHash
    {
        get
        {
            var hash = new XxHash128();
            var line = new ArrayBufferWriter<byte>();
            foreach (ManifestTensor tensor in Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
            {
                string shape = string.Join(',', tensor.Shape);
                line.ResetWrittenCount();
                Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Dtype} [{shape}] {tensor.Hash}\n", line);
                hash.Append(line.WrittenSpan);
            }

            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
    }

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="DemException">DEM2021 (BadManifest): the manifest is missing or cannot be read.</exception>
    public static Manifest Read(string folder) =>
        Read(folder, json => JsonSerializer.Deserialize(json, ManifestJson.Default.Manifest));

    /// <summary>
    /// Reads the manifest of a folder and gives each tensor to a function, since those of the largest models take hundreds of
    /// megabytes as objects.
    /// </summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="visit">
    /// Function that is called for each tensor in the manifest's order, and throws <see cref="JsonException"/> for a tensor that
    /// was there before.
    /// </param>
    /// <returns>The manifest without tensors.</returns>
    /// <exception cref="DemException">DEM2021 (BadManifest): the manifest is missing or cannot be read.</exception>
    internal static Manifest Read(string folder, Action<ManifestTensor> visit) =>
        Read(folder, json => WithoutTensors(json, visit));

    private static Manifest Read(string folder, Func<byte[], Manifest?> parse)
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
            Manifest? manifest = parse(json);
            return IsWhole(manifest)
                ? manifest
                : throw new DemException(ErrorCode.BadManifest, $"{path}: not a manifest") { Path = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DemException(ErrorCode.BadManifest, $"{path}: {JsonFault.Describe(e)}", e) { Path = path };
        }
    }

    private static Manifest? WithoutTensors(byte[] json, Action<ManifestTensor> visit)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName
                || !reader.ValueTextEquals("tensors"u8))
                continue;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return null;
            int start = (int)reader.TokenStartIndex;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                ManifestTensor? tensor = JsonSerializer.Deserialize(ref reader, ManifestJson.Default.ManifestTensor);
                if (!IsWhole(tensor))
                    return null;
                visit(tensor);
            }

            byte[] rest = [.. json.AsSpan(0, start), .. "[]"u8, .. json.AsSpan((int)reader.BytesConsumed)];
            Manifest? manifest = JsonSerializer.Deserialize(rest, ManifestJson.Default.Manifest);
            return manifest is { Tensors.Count: 0 } ? manifest : null;
        }

        return null;
    }

    private static bool IsWhole([NotNullWhen(true)] ManifestTensor? tensor) =>
        tensor is { Name: not null, Dtype: not null, Shape: not null, Hash: not null };

    /// <summary>
    /// Reads what a manifest says of how the output was made, and not what it says of each tensor and file, which in the largest
    /// models is a hundred megabytes.
    /// </summary>
    /// <returns>The manifest without tensors and files.</returns>
    /// <exception cref="DemException">DEM2021 (BadManifest): the manifest is missing or cannot be read.</exception>
    internal static Manifest ReadOrigin(string folder)
    {
        const int LargestOrigin = 16 << 20;
        string path = System.IO.Path.Combine(folder, FileName);
        try
        {
            if (!LinuxFile.IsSpecial(path))
            {
                using FileStream file = File.OpenRead(path);
                byte[] start = new byte[Math.Min(file.Length, LargestOrigin)];
                for (int length = Math.Min(start.Length, 64 << 10); ; length = Math.Min(start.Length, length * 4))
                {
                    file.Position = 0;
                    file.ReadExactly(start.AsSpan(0, length));
                    if (OriginIn(start.AsSpan(0, length)) is { } origin)
                        return origin;
                    if (length == start.Length)
                        break;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DemException(ErrorCode.BadManifest, $"{path}: {FileFault.Describe(e)}", e);
        }

        return Read(folder);
    }

    /// <summary>Parses what stands before the tensors; null if they do not begin in the text.</summary>
    private static Manifest? OriginIn(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, isFinalBlock: false, default);
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName
                || !reader.ValueTextEquals("tensors"u8))
                continue;
            byte[] origin = [.. text[..(int)reader.TokenStartIndex], .. "\"tensors\":[]}"u8];
            Manifest? manifest = JsonSerializer.Deserialize(origin, ManifestJson.Default.Manifest);
            return IsWhole(manifest) ? manifest : null;
        }

        return null;
    }

    /// <summary>Whether nothing is missing and no tensor occurs twice, which valid JSON does not guarantee.</summary>
    private static bool IsWhole([NotNullWhen(true)] Manifest? manifest) =>
        manifest is { Engine: not null, Operation: not null, Inputs: not null, Tensors: not null }
        && manifest.Inputs.All(input => input is { Role: not null, Path: not null, Fingerprint: not null })
        && manifest.Tensors.All(IsWhole)
        && manifest.Tensors.DistinctBy(tensor => tensor.Name).Count() == manifest.Tensors.Count
        && (manifest.Files is not { } files
            || files.All(file => file is { Path: not null, Hash: not null } && SideFilePath.IsInside(file.Path)
                && (file.HeaderBytes ?? 0) is >= 0 and var header && header <= file.Bytes));

    /// <summary>Returns the contents of the manifest file.</summary>
    public byte[] ToJson()
    {
        void Write(Utf8JsonWriter json) => JsonSerializer.Serialize(json, this, ManifestJson.Default.Manifest);
        var options = new JsonWriterOptions { Indented = true, SkipValidation = true };
        byte[] text = new byte[MeasuredJson.LengthOf(Write, options) + 1];
        MeasuredJson.Fill(Write, options, text.AsMemory(0, text.Length - 1));
        text[^1] = (byte)'\n';
        return text;
    }

    [JsonSourceGenerationOptions(
        WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(Manifest))]
    private sealed partial class ManifestJson : JsonSerializerContext;
}
