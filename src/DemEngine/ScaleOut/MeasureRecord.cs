using System.Text.Json.Serialization;

namespace DemEngine.ScaleOut;

/// <summary>What a part measured over several tensors, for the parts that make these.</summary>
/// <param name="Plan">Identity of the plan.</param>
/// <param name="Part">Number of the part.</param>
/// <param name="Statistics">The statistics.</param>
internal sealed partial record MeasureRecord(string Plan, int Part, IReadOnlyList<MeasuredStatistic> Statistics)
{
    private const string FileName = "dem-measured.json";

    /// <summary>Reads what a part measured.</summary>
    /// <param name="folder">Folder of the measurements.</param>
    /// <returns>The record; null if there is none that is whole.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public static MeasureRecord? Read(string folder) =>
        RecordFile.Read(Path.Combine(folder, FileName), MeasureJson.Default.MeasureRecord) is { } record && IsWhole(record)
            ? record
            : null;

    /// <summary>Writes the record, whole or not at all.</summary>
    /// <param name="folder">Folder of the measurements.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Write(string folder) => RecordFile.Write(Path.Combine(folder, FileName), this, MeasureJson.Default.MeasureRecord);

    private static bool IsWhole(MeasureRecord record) =>
        record is { Plan: not null, Statistics: not null }
        && record.Statistics.All(one => one is { Tensor: not null, Request: not null }
            && (one.Thresholds is null || one.Thresholds.All(threshold => threshold is not null)));

    [JsonSerializable(typeof(MeasureRecord))]
    private sealed partial class MeasureJson : JsonSerializerContext;
}
