using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Files;

namespace DemEngine.Search.Trials;

/// <summary>
/// Until when trials belong to the worker that they were handed out to, in <c>leases.jsonl</c>. A worker that dies tells nothing:
/// once its lease has run out, its trial is handed out again. Lines are only ever appended, and the last one of a trial counts.
/// </summary>
internal sealed partial class LeaseLog
{
    public const string FileName = "leases.jsonl";

    private readonly string _path;
    private readonly Dictionary<int, DateTime> _until = [];

    private LeaseLog(string path) => _path = path;

    /// <summary>Reads the file of a search; it need not exist.</summary>
    /// <param name="folder">Folder of the search, which this process has claimed.</param>
    /// <exception cref="DemException">
    /// DEM2121 (BadTrialLog): a line is damaged. DEM4001, DEM4002 (DiskFull, WriteFailed): the file cannot be used.
    /// </exception>
    public static LeaseLog Open(string folder)
    {
        var log = new LeaseLog(Path.Combine(folder, FileName));
        if (File.Exists(log._path))
            log.ReadAll();
        return log;
    }

    /// <summary>Whether a trial was leased, and no longer is.</summary>
    /// <param name="trial">Number of the trial.</param>
    /// <param name="now">The time now, in UTC.</param>
    public bool HasRunOut(int trial, DateTime now) => _until.TryGetValue(trial, out DateTime until) && until <= now;

    /// <summary>Leases a trial.</summary>
    /// <param name="trial">Number of the trial.</param>
    /// <param name="until">End of the lease, in UTC.</param>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed).</exception>
    public void Append(int trial, DateTime until)
    {
        using AppendedFile file = AppendedFile.Open(_path);
        file.Append([.. JsonSerializer.SerializeToUtf8Bytes(new Line(trial, until), LeaseJson.Default.Line), (byte)'\n']);
        file.Sync();
        _until[trial] = until;
    }

    private void ReadAll()
    {
        using AppendedFile file = AppendedFile.Open(_path);
        byte[] text = file.ReadAll();
        int end = text.AsSpan().LastIndexOf((byte)'\n') + 1;
        file.Cut(end);
        int number = 0;
        for (int start = 0; start < end;)
        {
            int length = text.AsSpan(start).IndexOf((byte)'\n') + 1;
            number++;
            try
            {
                Line line = JsonSerializer.Deserialize(text.AsSpan(start, length), LeaseJson.Default.Line)
                    ?? throw new JsonException("null");
                _until[line.Trial] = line.Until.ToUniversalTime();
            }
            catch (JsonException e)
            {
                throw new DemException(
                    ErrorCode.BadTrialLog, $"{_path}:{number}: this is not the line of a lease: {e.Message}", e);
            }

            start += length;
        }
    }

    private sealed record Line(int Trial, DateTime Until);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(Line))]
    private sealed partial class LeaseJson : JsonSerializerContext;
}
