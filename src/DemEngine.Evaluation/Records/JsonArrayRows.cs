using System.Text;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Evaluation.Records;

/// <summary>The objects of a file that is one JSON array.</summary>
internal static class JsonArrayRows
{
    /// <summary>Enumerates the objects, with their numbers from 1.</summary>
    /// <exception cref="DemException">
    /// DEM2111 (DataNotFound): the file cannot be read. DEM2083 (BadDataFile): it is no JSON array.
    /// </exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        using JsonDocument document = Parse(path);
        int number = 0;
        foreach (JsonElement row in document.RootElement.EnumerateArray())
            yield return new DataRow($"{path}, row {++number}", Encoding.UTF8.GetBytes(row.GetRawText()));
    }

    private static JsonDocument Parse(string path)
    {
        byte[] json;
        try
        {
            json = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(
                ErrorCode.DataNotFound, $"{path}: {e.Message}", e, "Write an array of more than 2 GiB as JSON Lines.")
            {
                Path = path,
            };
        }

        try
        {
            ReadOnlyMemory<byte> text = json.AsSpan().StartsWith("\uFEFF"u8) ? json.AsMemory(3) : json;
            return StrictJson.ParseDocument(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw DataFiles.Damaged(path, $"not a valid JSON array: {JsonFault.Describe(e)}", e);
        }
    }
}
