using System.Text.Json.Serialization;
using DemEngine.Files;
using DemEngine.Merging.Output;

namespace DemEngine.ScaleOut;

/// <summary>What a part leaves when all that it wrote is on disk: hash and remarks of each of its tensors.</summary>
/// <param name="Plan">Identity of the plan.</param>
/// <param name="Part">Number of the part.</param>
/// <param name="Backend">Name of the backend that computed it.</param>
/// <param name="BytesRead">Number of tensor bytes read.</param>
/// <param name="Seconds">Time spent in the pipeline, in seconds.</param>
/// <param name="Tensors">Journal entries of its tensors, in the order of the layout.</param>
internal sealed partial record PartRecord(
    string Plan, int Part, string Backend, long BytesRead, double Seconds, IReadOnlyList<JournalEntry> Tensors)
{
    /// <summary>Name of the file in the part's folder.</summary>
    public const string FileName = "dem-part.json";

    /// <summary>Reads the record of a part.</summary>
    /// <param name="folder">Folder of the part.</param>
    /// <returns>The record; null if there is none that is whole.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public static PartRecord? Read(string folder) =>
        RecordFile.Read(Path.Combine(folder, FileName), PartJson.Default.PartRecord) is { } record && IsWhole(record)
            ? record
            : null;

    /// <summary>Writes the record, whole or not at all.</summary>
    /// <param name="folder">Folder of the part.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Write(string folder) => RecordFile.Write(Path.Combine(folder, FileName), this, PartJson.Default.PartRecord);

    /// <summary>Deletes the record of a part, so that it counts as unfinished.</summary>
    /// <param name="folder">Folder of the part.</param>
    /// <exception cref="DemException">DEM4002 (WriteFailed).</exception>
    public static void Delete(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // There is none.
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }
    }

    private static bool IsWhole(PartRecord record) =>
        record is { Plan: not null, Backend: not null, Tensors: not null }
        && record.Tensors.All(entry => entry is { Tensor: not null, Hash: not null });

    [JsonSerializable(typeof(PartRecord))]
    private sealed partial class PartJson : JsonSerializerContext;
}
