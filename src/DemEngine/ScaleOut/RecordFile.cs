using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DemEngine.Files;

namespace DemEngine.ScaleOut;

/// <summary>A file in which a part leaves something for others: it is there whole, or not at all.</summary>
internal static class RecordFile
{
    /// <summary>Reads a record.</summary>
    /// <typeparam name="T">Type of the record.</typeparam>
    /// <param name="path">Path of the file.</param>
    /// <param name="type">How the record is written as JSON.</param>
    /// <returns>The record, whose members may be missing; null if there is none that is JSON.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{path}: {e.Message}", e) { Path = path };
        }
    }

    /// <summary>Writes a record, whole or not at all.</summary>
    /// <typeparam name="T">Type of the record.</typeparam>
    /// <param name="path">Path of the file.</param>
    /// <param name="record">The record.</param>
    /// <param name="type">How the record is written as JSON.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public static void Write<T>(string path, T record, JsonTypeInfo<T> type)
        where T : class =>
        OutputFile.Replace(path, file => file.Write(JsonSerializer.SerializeToUtf8Bytes(record, type), 0));
}
