using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// The log of a search's trials in <c>trials.jsonl</c>, one trial on each line. With it a stopped search continues where it was,
/// and a search whose sources or objective changed keeps the trials that are still valid. Lines are only ever appended. An
/// incomplete last line, left by a process that was killed while writing, is removed.
/// </summary>
public sealed class TrialLog : IDisposable
{
    /// <summary>Name of the log in the search's folder.</summary>
    public const string FileName = "trials.jsonl";

    private readonly SearchProblem _problem;
    private readonly AppendedFile _file;
    private readonly Dictionary<Coefficients, Trial> _trials = [];
    private readonly SortedList<(int Number, int Place), Coefficients> _order = [];
    private int _lastNumber;
    private SearchProblem? _lastProblem;

    private TrialLog(SearchProblem problem, AppendedFile file)
    {
        _problem = problem;
        _file = file;
    }

    /// <summary>Trials that are valid in this problem, by the numbers under which they were first logged.</summary>
    public IEnumerable<Trial> Trials => _order.Values.Select(coefficients => _trials[coefficients]);

    /// <summary>Number of the next trial, which is larger than that of any trial in the file.</summary>
    internal int NextNumber => _lastNumber + 1;

    /// <summary>Opens the log of a search, which may be new or continued.</summary>
    /// <param name="folder">Folder of the search; it must exist, and no other process may be using it.</param>
    /// <param name="problem">Problem whose trials are read. Trials of other problems stay in the file.</param>
    /// <exception cref="DemException">
    /// DEM2121 (BadTrialLog): a line is damaged. DEM4001, DEM4002 (DiskFull, WriteFailed): the file cannot be opened for writing.
    /// </exception>
    public static TrialLog Open(string folder, SearchProblem problem)
    {
        string path = Path.Combine(folder, FileName);
        AppendedFile file = AppendedFile.Open(path);
        var log = new TrialLog(problem, file);
        try
        {
            log.ReadAll();
            return log;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds the trial with these coefficients; null if there is none.</summary>
    public Trial? Find(Coefficients coefficients) => _trials.GetValueOrDefault(coefficients);

    /// <summary>Appends a trial to the log. One without a number gets the next one.</summary>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed): the trial could not be written.</exception>
    public void Append(Trial trial)
    {
        if (trial.Number == 0)
            trial = trial with { Number = NextNumber };
        byte[] problem = TrialLines.Write(_problem);
        bool isNew = _lastProblem is null || !TrialLines.Write(_lastProblem).AsSpan().SequenceEqual(problem);
        byte[] line = TrialLines.Write(_problem.Sources.Select(source => source.Name), trial);
        _file.Append(isNew ? [.. problem, .. line] : line);
        _lastProblem = _problem;
        Keep(trial);
    }

    /// <summary>Waits until all trials are on disk.</summary>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed): they may not be there.</exception>
    public void Sync() => _file.Sync();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void ReadAll()
    {
        byte[] text = _file.ReadAll();
        int end = text.AsSpan().LastIndexOf((byte)'\n') + 1;
        _file.Cut(end);

        TrialTranslation? translation = null;
        int number = 0;
        for (int start = 0; start < end;)
        {
            int length = text.AsSpan(start).IndexOf((byte)'\n') + 1;
            number++;
            Read(text.AsMemory(start, length), number, ref translation);
            start += length;
        }
    }

    private void Read(ReadOnlyMemory<byte> text, int number, ref TrialTranslation? translation)
    {
        try
        {
            using JsonDocument line = StrictJson.ParseDocument(text);
            if (TrialLines.ReadProblem(line.RootElement) is { } problem)
            {
                _lastProblem = problem;
                translation = TrialTranslation.Find(problem, _problem);
            }
            else if (_lastProblem is null)
            {
                throw new FormatException("the first line does not say which problem follows");
            }
            else
            {
                Trial trial = TrialLines.ReadTrial(line.RootElement, _lastProblem.Sources.Select(source => source.Name));
                if (trial.Number == 0)
                    trial = trial with { Number = NextNumber };
                _lastNumber = Math.Max(_lastNumber, trial.Number);
                if (translation?.Apply(trial) is { } valid)
                    Keep(valid);
            }
        }
        catch (Exception e) when (e is JsonException
            or KeyNotFoundException
            or InvalidOperationException
            or FormatException
            or ArgumentException)
        {
            throw new DemException(
                ErrorCode.BadTrialLog, $"{_file.Path}:{number}: this is not the line of a trial: {JsonFault.Describe(e)}", e);
        }
    }

    private void Keep(Trial trial)
    {
        _lastNumber = Math.Max(_lastNumber, trial.Number);
        if (!_trials.ContainsKey(trial.Coefficients))
            _order.Add((trial.Number, _order.Count), trial.Coefficients);
        _trials[trial.Coefficients] = trial;
    }
}
