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
    public DataFile Test(SourcePlan plan) =>
        new(plan.Name, Write("test", plan.Name, Splits.Draw(plan.Source, Split.Test, plan.TestExamples, TestSeed)));

    /// <summary>Writes a source's validation set.</summary>
    public DataFile Validation(SourcePlan plan, long seed) =>
        new(plan.Name, Write($"seed-{seed}/validation", plan.Name, ValidationOf(plan, seed)));

    /// <summary>Writes the validation sets of several sources into one file.</summary>
    public string Validation(string name, IEnumerable<SourcePlan> plans, long seed) =>
        Write($"seed-{seed}/validation", name, plans.SelectMany(plan => ValidationOf(plan, seed)));

    /// <summary>Writes the training data of the base: a little of every source.</summary>
    public string BaseData(long seed) => Write(
        $"seed-{seed}/train", "base", _preset.Tuned.SelectMany(plan => TrainOf(plan, plan.BaseExamples, seed)));

    /// <summary>Writes the training data of the model tuned on one source.</summary>
    public string Train(SourcePlan plan, long seed) =>
        Write($"seed-{seed}/train", plan.Name, TrainOf(plan, plan.TrainExamples, seed));

    /// <summary>
    /// Writes a mixture. The source of each exercise is drawn at random by the shares; within a source the exercises follow one
    /// another and start again after the last.
    /// </summary>
    public string Mixture(string name, IReadOnlyList<SourcePlan> plans, IReadOnlyList<double> shares, long examples, long seed)
    {
        var random = new RandomDraw(seed, $"mixture {name}");
        List<Exercise>[] pools = [.. plans.Select(plan => TrainOf(plan, plan.TrainExamples, seed))];
        var next = new int[pools.Length];
        double[] bounds = [.. shares.Select((_, k) => shares.Take(k + 1).Sum() / shares.Sum())];
        const int resolution = 1 << 30;
        var mixed = new List<Exercise>();
        for (long k = 0; k < examples; k++)
        {
            double at = (double)random.Below(resolution) / resolution;
            int source = Math.Min(
                Array.FindIndex(bounds, bound => at < bound) is var found and >= 0 ? found : int.MaxValue, pools.Length - 1);
            mixed.Add(pools[source][next[source]++ % pools[source].Count]);
        }

        return Write($"seed-{seed}/train", name, mixed);
    }

    public void Dispose() => _claimed.Dispose();

    private static List<Exercise> TrainOf(SourcePlan plan, int count, long seed) =>
        Splits.Draw(plan.Source, Split.Train, count, seed);

    private static List<Exercise> ValidationOf(SourcePlan plan, long seed) =>
        Splits.Draw(plan.Source, Split.Validation, plan.ValidationExamples, seed);

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
