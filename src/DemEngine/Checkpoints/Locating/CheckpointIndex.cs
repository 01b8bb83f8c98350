using System.Globalization;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// Reads <c>model.safetensors.index.json</c>, Hugging Face's map from tensors to shards. The file may be hostile, so a shard must
/// be a plain file name in the index's own folder.
/// </summary>
internal static class CheckpointIndex
{
    private const long MaxLength = 256L << 20;

    /// <summary>Reads the map from tensor name to shard file name.</summary>
    /// <param name="path">Path of the index.</param>
    /// <param name="pool">Names that were read before; null for none.</param>
    /// <exception cref="DemException">
    /// DEM2005 (DuplicateName), DEM2010 (BadIndex), DEM2011 (ShardOutsideFolder) or DEM2022 (UnreadableFile).
    /// </exception>
    public static WeightMap Read(string path, NamePool? pool = null)
    {
        if (LinuxFile.IsSpecial(path))
            throw ExistingFile.Special(path);
        try
        {
            // The length is taken from the open file, since a link's own length would be too short.
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxLength)
                throw new DemException(ErrorCode.BadIndex, $"{path}: the index is larger than {MaxLength} bytes")
                {
                    Path = path,
                };
            using var json = new NativeBuffer((int)file.Length);
            file.ReadExactly(json.Bytes.Span);
            try
            {
                return Parse(json.Bytes.Span, path, pool);
            }
            catch (DemException e) when (e.Code == ErrorCode.BadIndex && Other(json.Bytes.Span) is not null)
            {
                FileKind kind = Other(json.Bytes.Span)!;
                throw new DemException(ErrorCode.BadIndex, $"{path}: {kind.What}", e, kind.Remedy) { Path = path };
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {FileFault.Describe(e)}", e) { Path = path };
        }
    }

    /// <summary>What a file is that is no index; null if it begins as one, or as nothing that is known.</summary>
    private static FileKind? Other(ReadOnlySpan<byte> json) =>
        json.TrimStart(" \t\r\n"u8) is [(byte)'{', ..]
            ? null
            : FileSignature.Of(json[..Math.Min(json.Length, FileSignature.Length)]);

    internal static WeightMap Parse(ReadOnlySpan<byte> json, string path, NamePool? pool = null)
    {
        WeightMap? map = null;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new DemException(ErrorCode.BadIndex, $"{path}: not a JSON object") { Path = path };

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isMap = reader.ValueTextEquals("weight_map"u8);
                reader.Read();
                if (!isMap)
                    reader.Skip();
                else if (map is null)
                    map = ParseMap(ref reader, path, pool ?? new NamePool());
                else
                    throw new DemException(ErrorCode.DuplicateName, $"{path}: weight_map occurs twice") { Path = path };
            }

            if (reader.Read())
                throw new DemException(ErrorCode.BadIndex, $"{path}: text follows the closing brace") { Path = path };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DemException(ErrorCode.BadIndex, $"{path}: not valid JSON: {JsonFault.Describe(e)}", e) { Path = path };
        }

        return map ?? throw new DemException(ErrorCode.BadIndex, $"{path}: there is no weight_map") { Path = path };
    }

    private static WeightMap ParseMap(ref Utf8JsonReader reader, string path, NamePool pool)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new DemException(ErrorCode.BadIndex, $"{path}: weight_map is not an object") { Path = path };

        var map = new WeightMap(pool);
        string? last = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string tensor = pool.Of(in reader);
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw new DemException(ErrorCode.BadIndex, $"{path}: the shard of {Quoted.Name(tensor)} is not a string")
                {
                    Path = path,
                };

            string shard = last is not null && reader.ValueTextEquals(last) ? last : reader.GetString()!;
            if (!ReferenceEquals(shard, last) && !IsPlainFileName(shard))
                throw new DemException(
                    ErrorCode.ShardOutsideFolder,
                    $"{path}: the shard {Quoted.Name(shard)} of {Quoted.Name(tensor)}")
                {
                    Path = path,
                };
            last = shard;
            if (!map.TryAdd(tensor, shard))
                throw new DemException(ErrorCode.DuplicateName, $"{path}: the tensor {Quoted.Name(tensor)} occurs twice")
                {
                    Path = path,
                };
        }

        return map;
    }

    private static bool IsPlainFileName(string name) =>
        name.Length is > 0 and <= 255 && name is not ("." or "..")
        && name.AsSpan().IndexOfAny("/\\:") < 0 && !name.Any(IsInvisible);

    // The name is printed with the path in messages, where a terminal would obey such characters.
    private static bool IsInvisible(char c) => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
