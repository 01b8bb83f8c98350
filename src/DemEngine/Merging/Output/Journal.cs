using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A finished tensor of an unfinished run.</summary>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Hash">Hash of the tensor's bytes; see <see cref="ContentHash"/>.</param>
/// <param name="NonFinite">Number of infinities and NaNs found while the tensor was made.</param>
/// <param name="Remark">Warning for the user; null if there is none.</param>
/// <param name="IsLost">Whether the tensor is all zero although its inputs are not.</param>
internal sealed record JournalEntry(string Tensor, string Hash, NonFinite NonFinite, string? Remark, bool IsLost = false);

/// <summary>
/// A log with one line of JSON for each finished tensor, so that a killed run can be resumed. The first line identifies the plan
/// that is carried out. A line may be torn, and the data that it refers to may not have reached the disk, so a resuming run
/// checks the bytes against the hash.
/// </summary>
internal sealed partial class Journal : IDisposable
{
    /// <summary>File name of the journal in the staging directory.</summary>
    public const string FileName = "dem-journal.jsonl";

    private readonly Lock _lock = new();
    private readonly AppendedFile _file;

    private Journal(AppendedFile file, IReadOnlyDictionary<string, JournalEntry> finished)
    {
        _file = file;
        Finished = finished;
    }

    /// <summary>The tensors that an earlier run finished, by name.</summary>
    public IReadOnlyDictionary<string, JournalEntry> Finished { get; }

    /// <summary>Opens the journal of a plan: creates it or continues an existing one.</summary>
    /// <param name="folder">Path of the staging directory.</param>
    /// <param name="planHash">Hash that identifies the plan.</param>
    /// <exception cref="DemException">
    /// DEM1007 (ResumeMismatch): the journal belongs to another plan. DEM4001 to DEM4003, DEM4012, DEM4013: the journal cannot be
    /// read or written.
    /// </exception>
    public static Journal Open(string folder, string planHash)
    {
        string path = Path.Combine(folder, FileName);
        AppendedFile file = AppendedFile.Open(path);
        try
        {
            var finished = new Dictionary<string, JournalEntry>(StringComparer.Ordinal);
            var journal = new Journal(file, finished);
            file.Cut(ReadAll(file, planHash, finished));
            if (file.Length == 0)
                journal.Append(JsonSerializer.SerializeToUtf8Bytes(new Heading(planHash), JournalJson.Default.Heading));
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Records a finished tensor.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge).</exception>
    public void Append(JournalEntry entry) =>
        Append(JsonSerializer.SerializeToUtf8Bytes(entry, JournalJson.Default.JournalEntry));

    public void Dispose() => _file.Dispose();

    /// <summary>Reads the complete lines of the journal.</summary>
    /// <returns>Offset of the end of the last complete line; anything after it was torn when the writing process ended.</returns>
    private static long ReadAll(AppendedFile file, string planHash, Dictionary<string, JournalEntry> finished)
    {
        byte[] text = file.ReadAll();
        int end = text.AsSpan().IndexOf((byte)'\n') + 1;
        if (end == 0 || Parse(text.AsSpan(0, end), JournalJson.Default.Heading) is not { } heading)
            return 0;
        if (heading.Plan != planHash)
            throw new DemException(ErrorCode.ResumeMismatch, $"{file.Path}: this is the journal of another run");

        while (text.AsSpan(end).IndexOf((byte)'\n') + 1 is int length and > 0
            && Parse(text.AsSpan(end, length), JournalJson.Default.JournalEntry) is { Tensor: not null, Hash: not null } entry)
        {
            finished[entry.Tensor] = entry;
            end += length;
        }

        return end;
    }

    private static T? Parse<T>(ReadOnlySpan<byte> line, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Append(byte[] json)
    {
        lock (_lock)
            _file.Append([.. json, (byte)'\n']);
    }

    private sealed record Heading(string Plan);

    [JsonSerializable(typeof(Heading))]
    [JsonSerializable(typeof(JournalEntry))]
    private sealed partial class JournalJson : JsonSerializerContext;
}
