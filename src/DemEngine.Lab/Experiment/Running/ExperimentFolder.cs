using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Numerics;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// The folder with all files of an experiment, so that they can be inspected, and reused when the experiment is continued.
/// </summary>
internal sealed class ExperimentFolder : IDisposable
{
    private const string Mark = ".dem-experiment";
    private const string IdentityName = "settings.txt";
    private const long TestSeed = 0;
    private const int MostOfLacking = 80;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ClaimedFolder _claimed;
    private readonly ExperimentPreset _preset;

    private ExperimentFolder(ClaimedFolder claimed, ExperimentPreset preset)
    {
        _claimed = claimed;
        _preset = preset;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path => _claimed.Path;

    /// <summary>Path of the configuration that all models share.</summary>
    public string Config => PathOf(LlamaConfig.FileName);

    /// <summary>Claims the folder: a new one, or one in which the same experiment was begun.</summary>
    /// <exception cref="DemException">
    /// DEM1003 (OutputNotOurs): the folder was not made by this command. DEM1007 (ResumeMismatch): another experiment was begun
    /// there. DEM1008 (OutputBusy), DEM4001 (DiskFull), DEM4002 (WriteFailed).
    /// </exception>
    public static ExperimentFolder Open(string path, ExperimentPreset preset)
    {
        ClaimedFolder claimed = ClaimedFolder.Claim(
            path, Mark, "`dem experiment` works in this folder. It goes on with what is in it.\n");
        try
        {
            string file = System.IO.Path.Combine(claimed.Path, IdentityName);
            if (!File.Exists(file))
                ReportFile.Write(file, preset.Identity());
            else if (File.ReadAllText(file) != preset.Identity())
                throw new DemException(
                    ErrorCode.ResumeMismatch, $"{file}: an experiment with other settings was begun in this folder");
            var folder = new ExperimentFolder(claimed, preset);
            ReportFile.Write(folder.Config, Encoding.UTF8.GetString(preset.Model.ToJson(ElementType.F32)));
            return folder;
        }
        catch
        {
            claimed.Dispose();
            throw;
        }
    }

    /// <summary>Path of something in the folder.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Path of something that belongs to one seed.</summary>
    public string PathOf(long seed, params ReadOnlySpan<string> parts) => PathOf([$"seed-{seed}", .. parts]);

    /// <summary>Path of the recipe of the merge with one coefficient per vector.</summary>
    public string Recipe(long seed) => PathOf(seed, "recipe.yaml");

    /// <summary>Writes a source's test set, which is the same for all seeds.</summary>
    public DataFile Test(TextSource source) =>
        new(
            source.Name,
            Write("test", source.Name, Splits.Draw(source, Split.Test, Count(source, _preset.Exercises.Test), TestSeed)));

    /// <summary>Writes a source's validation set.</summary>
    public DataFile Validation(TextSource source, long seed) =>
        new(source.Name, Write($"seed-{seed}/validation", source.Name, ValidationOf(source, seed)));

    /// <summary>Writes the validation sets of several sources into one file.</summary>
    public string Validation(string name, IEnumerable<TextSource> sources, long seed) =>
        Write($"seed-{seed}/validation", name, sources.SelectMany(source => ValidationOf(source, seed)));

    /// <summary>Writes the training data of the base: new exercises for each step, as many of every source.</summary>
    public string BaseData(long seed) => Write($"seed-{seed}/train", "base", BaseExercises(seed)
        .Take(checked((int)(_preset.Base.Steps * _preset.Base.BatchSize))));

    /// <summary>Writes the training data of a fine-tune or a mixture.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="shares">Sources with their shares, which need not add up to 1.</param>
    /// <param name="improved">Whether the data of the source that is improved later are right already.</param>
    /// <param name="examples">Number of exercises.</param>
    /// <param name="seed">Seed of the run.</param>
    public string Train(
        string name, IReadOnlyList<(TextSource Source, double Share)> shares, bool improved, long examples, long seed)
    {
        var random = new RandomDraw(seed, $"mixture {name}");
        List<Exercise>[] pools = [.. shares.Select(one => TrainOf(one.Source, improved, seed))];
        int[] next = new int[pools.Length];
        double total = shares.Sum(one => one.Share);
        double[] bounds = [.. shares.Select((_, k) => shares.Take(k + 1).Sum(one => one.Share) / total)];
        using IEnumerator<Exercise> rehearsed = BaseExercises(seed).GetEnumerator();
        const int resolution = 1 << 30;
        double Draw() => (double)random.Below(resolution) / resolution;
        var mixed = new List<Exercise>();
        for (long k = 0; k < examples; k++)
        {
            if (_preset.Rehearsal > 0 && Draw() < _preset.Rehearsal)
            {
                rehearsed.MoveNext();
                mixed.Add(rehearsed.Current);
                continue;
            }

            double at = Draw();
            int source = Array.FindIndex(bounds, bound => at < bound) is var found and >= 0 ? found : pools.Length - 1;
            mixed.Add(pools[source][next[source]++ % pools[source].Count]);
        }

        return Write($"seed-{seed}/train", name, mixed);
    }

    public void Dispose() => _claimed.Dispose();

    private IEnumerable<Exercise> BaseExercises(long seed)
    {
        var random = new RandomDraw(seed, "base");
        IEnumerator<Exercise>[] streams = [.. _preset.OfBase.Select(source => Splits.Stream(source, seed).GetEnumerator())];
        while (true)
        {
            IEnumerator<Exercise> stream = streams[random.Below(streams.Length)];
            stream.MoveNext();
            yield return stream.Current;
        }
    }

    private List<Exercise> TrainOf(TextSource source, bool improved, long seed)
    {
        int count = source == _preset.Lacking ? _preset.Exercises.Lacking : _preset.Exercises.Train;
        List<Exercise> right = Splits.Draw(source, Split.Train, count, seed);
        Skill? skill = Skill.All.FirstOrDefault(one => one.First == source);
        if (improved || source.Name != _preset.Improved || skill is null)
            return right;

        // A wrong answer is that of the other custom. Both draw the same prompts in the same order.
        List<Exercise> wrong = Splits.Draw(skill.Second, Split.Train, count, seed);
        var random = new RandomDraw(seed, "wrong");
        const int resolution = 1 << 20;
        return [.. right.Zip(wrong, (good, bad) => random.Below(resolution) < _preset.WrongShare * resolution ? bad : good)];
    }

    private List<Exercise> ValidationOf(TextSource source, long seed) =>
        Splits.Draw(source, Split.Validation, Count(source, _preset.Exercises.Validation), seed);

    // A skill that the base lacks may have few exercises.
    private int Count(TextSource source, int wanted) =>
        source == _preset.Lacking ? Math.Min(wanted, MostOfLacking) : wanted;

    /// <summary>Writes exercises as JSON Lines; the same exercises always give the same file.</summary>
    private string Write(string folder, string name, IEnumerable<Exercise> exercises)
    {
        string path = PathOf("data", folder, $"{name}.jsonl");
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, path);
        }

        using var text = new MemoryStream();
        foreach (Exercise exercise in exercises)
        {
            using (var json = new Utf8JsonWriter(text, Readable))
            {
                json.WriteStartObject();
                json.WriteString("prompt", exercise.Prompt);
                json.WriteString("completion", exercise.Answer);
                json.WriteEndObject();
            }

            text.WriteByte((byte)'\n');
        }

        ReportFile.Write(path, Encoding.UTF8.GetString(text.GetBuffer().AsSpan(0, (int)text.Length)));
        return path;
    }
}
