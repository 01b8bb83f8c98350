using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DemEngine.Files;

namespace DemEngine.ScaleOut;

/// <summary>
/// A file in which a part leaves something for others: it is there whole, or not at all. It has a hash of its own, since what
/// others take from it goes into the output, and nothing that they read could contradict it.
/// </summary>
internal static class RecordFile
{
    private const int HashLength = 32;

    private static ReadOnlySpan<byte> BeforeHash => "{\"hash\":\""u8;

    private static ReadOnlySpan<byte> BeforeRecord => "\",\"record\":"u8;

    private static int Start => BeforeHash.Length + HashLength + BeforeRecord.Length;

    /// <summary>Reads a record.</summary>
    /// <typeparam name="T">Type of the record.</typeparam>
    /// <param name="path">Path of the file.</param>
    /// <param name="type">How the record is written as JSON.</param>
    /// <returns>The record, whose members may be missing; null if there is none that is as it was written.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            byte[] file = File.ReadAllBytes(path);
            if (file.Length <= Start || file[^1] != (byte)'}')
                return null;
            ReadOnlySpan<byte> record = file.AsSpan(Start, file.Length - Start - 1);
            return file.AsSpan(0, Start).SequenceEqual(Head(record)) ? JsonSerializer.Deserialize(record, type) : null;
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
        where T : class
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(record, type);
        OutputFile.Replace(path, file => file.Write([.. Head(json), .. json, (byte)'}'], 0));
    }

    private static byte[] Head(ReadOnlySpan<byte> record) =>
        [.. BeforeHash, .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(XxHash128.Hash(record))), .. BeforeRecord];
}
