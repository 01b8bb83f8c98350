using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Errors;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Memory;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>A model to be trained.</summary>
/// <param name="Seed">Seed of the run that the model belongs to.</param>
/// <param name="Name">Name of the model within the run.</param>
/// <param name="Start">Name of the run's model to start from; null for random weights.</param>
/// <param name="Data">Path of the training data.</param>
/// <param name="Validation">Path of the validation data, by which the best weights are chosen.</param>
/// <param name="ValidationTokens">Number of token positions in the validation data.</param>
/// <param name="Settings">Training settings.</param>
internal sealed record TrainingTask(
    long Seed,
    string Name,
    string? Start,
    string Data,
    string Validation,
    long ValidationTokens,
    TuningSettings Settings);

/// <summary>A trained model and its cost.</summary>
/// <param name="Path">Folder of the model.</param>
/// <param name="Cost">Cost of its training and validation.</param>
internal sealed record TrainedModel(string Path, MethodCost Cost);

/// <summary>
/// Trains the models of an experiment, several at once and each on one thread, and reuses those that were trained before.
/// </summary>
/// <param name="folder">Folder of the experiment.</param>
/// <param name="tuner">Trainer of the models.</param>
/// <param name="threads">Number of models that are trained at once.</param>
/// <param name="meter">Meter that progress is reported to.</param>
internal sealed class TrainingStages(ExperimentFolder folder, IFineTuner tuner, int threads, ExperimentMeter meter)
{
    /// <summary>Creates what judges the models on some data sets.</summary>
    /// <param name="model">Configuration of the models.</param>
    /// <param name="sets">Data sets with their metrics.</param>
    public IModelEvaluator CreateEvaluator(LlamaConfig model, IEnumerable<MeasuredSet> sets) =>
        tuner.CreateEvaluator(model, [.. sets], threads);

    private readonly Dictionary<(long Seed, string Name), TrainedModel> _models = [];

    /// <summary>A trained model.</summary>
    public TrainedModel this[long seed, string name] => _models[(seed, name)];

    /// <summary>Trains models that do not depend on each other.</summary>
    public void Train(IEnumerable<TrainingTask> tasks, CancellationToken cancel)
    {
        TrainingTask[] all = [.. tasks];
        var trained = new TrainedModel[all.Length];
        int next = -1;
        WorkerThreads.Run(
            Math.Min(threads, all.Length),
            (_, stop) =>
            {
                for (int k = Interlocked.Increment(ref next); k < all.Length; k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    trained[k] = Train(all[k], stop);
                }
            },
            cancel);
        for (int k = 0; k < all.Length; k++)
            _models.Add((all[k].Seed, all[k].Name), trained[k]);
    }

    private TrainedModel Train(TrainingTask task, CancellationToken cancel)
    {
        string output = folder.PathOf(task.Seed, "models", task.Name);
        string record = folder.PathOf(task.Seed, "models", $"{task.Name}.json");
        string stage = $"seed {task.Seed}: training {task.Name}";
        if (Known(record, output) is not { } report)
        {
            meter.Report(stage, 0, "");
            Directory.CreateDirectory(Path.GetDirectoryName(output)!);
            string? start = task.Start is null ? null : this[task.Seed, task.Start].Path;
            report = tuner.Tune(
                new TuningRequest(start, folder.Config, task.Data, task.Validation, output, task.Settings, task.Seed),
                (share, detail) => meter.Report(stage, share, detail),
                cancel);
            ReportFile.Write(record, JsonSerializer.Serialize(report, StageJson.Default.TuningReport) + "\n");
        }

        meter.Complete(stage);
        long validations = 1 + ((report.Steps + task.Settings.EvaluateEvery - 1) / task.Settings.EvaluateEvery);
        return new TrainedModel(
            output, new MethodCost(report.TrainedTokens, validations * task.ValidationTokens, report.Seconds));
    }

    /// <summary>Reads the report that was written when the model was complete; null if it never was.</summary>
    /// <exception cref="DemException">DEM2131 (BadResults): the report is damaged.</exception>
    public static TuningReport? Known(string record, string model)
    {
        if (!File.Exists(record) || !Directory.Exists(model))
            return null;
        try
        {
            TuningReport? report = JsonSerializer.Deserialize(File.ReadAllBytes(record), StageJson.Default.TuningReport);
            return report is { Steps: >= 0 and <= int.MaxValue, TrainedTokens: >= 0, Seconds: >= 0 }
                ? report
                : throw new JsonException("it is not the report of a training");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new DemException(
                ErrorCode.BadResults,
                $"{record}: {JsonFault.Describe(e)}",
                e,
                remedy: "Delete this file to have the model trained again.");
        }
    }
}

/// <summary>JSON serialisation of a model's report.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TuningReport))]
internal sealed partial class StageJson : JsonSerializerContext;
