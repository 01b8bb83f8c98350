using System.Text.Json;
using DemEngine.Files;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// The trials that a search has handed out, in <c>asked.jsonl</c>: one on each line, and before the first of a problem a line
/// that says which problem it is. Lines are only ever appended; an incomplete last line is removed.
/// </summary>
internal sealed class AskedLog
{
    public const string FileName = "asked.jsonl";

    private readonly string _path;
    private readonly List<(SearchProblem Problem, AskedTrial Trial)> _trials = [];
    private SearchProblem? _lastProblem;

    private AskedLog(string path)
    {
        _path = path;
    }

    /// <summary>Number of the next trial, which is larger than that of any other.</summary>
    public int NextNumber => _trials.Select(one => one.Trial.Number).Append(0).Max() + 1;

    /// <summary>Reads the file of a search; it need not exist.</summary>
    /// <param name="folder">Folder of the search, which this process has claimed.</param>
    /// <exception cref="DemException">
    /// DEM2121 (BadTrialLog): a line is damaged. DEM4001, DEM4002 (DiskFull, WriteFailed): the file cannot be used.
    /// </exception>
    public static AskedLog Open(string folder)
    {
        var log = new AskedLog(Path.Combine(folder, FileName));
        if (File.Exists(log._path))
            log.ReadAll();
        return log;
    }

    /// <summary>Trials that were handed out in a problem, in the order of their numbers.</summary>
    public IEnumerable<AskedTrial> Of(SearchProblem problem) =>
        _trials.Where(one => IsSame(one.Problem, problem)).Select(one => one.Trial).OrderBy(trial => trial.Number);

    /// <summary>Finds the trial with these coefficients; null if it was not handed out.</summary>
    public AskedTrial? Find(SearchProblem problem, Coefficients coefficients) =>
        Of(problem).FirstOrDefault(trial => trial.Coefficients.Equals(coefficients));

    /// <summary>Finds a trial by its number, with its problem; null if it was not handed out.</summary>
    public (SearchProblem Problem, AskedTrial Trial)? Find(int number) =>
        _trials.FirstOrDefault(one => one.Trial.Number == number) is { Trial: not null } found ? found : null;

    /// <summary>Appends a trial.</summary>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed): the trial could not be written.</exception>
    public void Append(SearchProblem problem, AskedTrial trial)
    {
        bool isNew = _lastProblem is null || !IsSame(_lastProblem, problem);
        byte[] line = TrialLines.Write(problem.Sources.Select(source => source.Name), trial);
        using AppendedFile file = AppendedFile.Open(_path);
        file.Append(isNew ? [.. TrialLines.Write(problem), .. line] : line);
        file.Sync();
        _lastProblem = problem;
        _trials.Add((problem, trial));
    }

    private static bool IsSame(SearchProblem a, SearchProblem b) =>
        TrialLines.Write(a).AsSpan().SequenceEqual(TrialLines.Write(b));

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
            Read(text.AsMemory(start, length), ++number);
            start += length;
        }
    }

    private void Read(ReadOnlyMemory<byte> text, int number)
    {
        try
        {
            using JsonDocument line = JsonDocument.Parse(text);
            if (TrialLines.ReadProblem(line.RootElement) is { } problem)
                _lastProblem = problem;
            else if (_lastProblem is null)
                throw new FormatException("the first line does not say which problem follows");
            else
                _trials.Add((_lastProblem, TrialLines.ReadAsked(line.RootElement, _lastProblem)));
        }
        catch (Exception e) when (e is JsonException
            or KeyNotFoundException
            or InvalidOperationException
            or FormatException
            or ArgumentException
            or DemException)
        {
            throw new DemException(
                ErrorCode.BadTrialLog, $"{_path}:{number}: this is not the line of a trial that was asked for: {e.Message}", e);
        }
    }
}
