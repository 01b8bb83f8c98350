using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A finished tensor of an unfinished run.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Hash">Of its bytes; see <see cref="ContentHash"/>.</param>
/// <param name="NonFinite">Infinities and NaNs met while it was made.</param>
/// <param name="Remark">What the user should hear of, if anything.</param>
internal sealed record JournalEntry(string Tensor, string Hash, NonFinite NonFinite, string? Remark);

/// <summary>
/// One line of JSON for each finished tensor, so that a killed run can go on. The first line says which plan is being carried out. A line
/// may be torn, and the data it speaks of may not have reached the disk: whoever resumes checks the bytes against the hash.
/// </summary>
internal sealed partial class Journal : IDisposable
{
    /// <summary>Its name in the staging folder.</summary>
    public const string FileName = "dem-journal.jsonl";

    private readonly Lock _lock = new();
    private readonly FileStream _file;

    private Journal(FileStream file, IReadOnlyDictionary<string, JournalEntry> finished)
    {
        _file = file;
        Finished = finished;
    }

    /// <summary>The tensors that an earlier run finished, by name.</summary>
    public IReadOnlyDictionary<string, JournalEntry> Finished { get; }

    /// <summary>Opens the journal of a plan, new or to be continued.</summary>
    /// <param name="folder">The staging folder.</param>
    /// <param name="planHash">Tells this plan from any other.</param>
    /// <exception cref="DemException">DEM1007: the journal is another plan's.</exception>
    public static Journal Open(string folder, string planHash)
    {
        string path = Path.Combine(folder, FileName);
        FileStream? file = null;
        try
        {
            var finished = new Dictionary<string, JournalEntry>(StringComparer.Ordinal);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            var journal = new Journal(file, finished);
            file.SetLength(ReadAll(file, planHash, finished));
            file.Position = file.Length;
            if (file.Length == 0)
                journal.Append(JsonSerializer.SerializeToUtf8Bytes(new Heading(planHash), JournalJson.Default.Heading));
            return journal;
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw WriteError.From(e, path);
            throw;
        }
    }

    /// <summary>Notes a finished tensor.</summary>
    public void Append(JournalEntry entry) => Append(JsonSerializer.SerializeToUtf8Bytes(entry, JournalJson.Default.JournalEntry));

    public void Dispose() => _file.Dispose();

    /// <summary>Reads what is whole.</summary>
    /// <returns>Where the last whole line ends; what follows was torn by the end of the process that wrote it.</returns>
    private static long ReadAll(FileStream file, string planHash, Dictionary<string, JournalEntry> finished)
    {
        byte[] text = new byte[file.Length];
        file.ReadExactly(text);
        int end = text.AsSpan().IndexOf((byte)'\n') + 1;
        if (end == 0 || Parse(text.AsSpan(0, end), JournalJson.Default.Heading) is not { } heading)
            return 0;
        if (heading.Plan != planHash)
            throw new DemException(ErrorCode.ResumeMismatch, $"{file.Name}: this is the journal of another run");

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
        try
        {
            lock (_lock)
            {
                _file.Write([.. json, (byte)'\n']);
                _file.Flush();
            }
        }
        catch (IOException e)
        {
            throw WriteError.From(e, _file.Name);
        }
    }

    private sealed record Heading(string Plan);

    [JsonSerializable(typeof(Heading))]
    [JsonSerializable(typeof(JournalEntry))]
    private sealed partial class JournalJson : JsonSerializerContext;
}
