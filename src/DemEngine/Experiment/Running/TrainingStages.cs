using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Experiment.Results;

namespace DemEngine.Experiment.Running;

/// <summary>A model that was trained, and what that took.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Cost">Training and validation.</param>
/// <param name="BestLoss">Its validation loss.</param>
internal sealed record TrainedModel(string Path, MethodCost Cost, double BestLoss);

/// <summary>Trains the models of one seed, or finds them where they were trained before.</summary>
/// <param name="folder">The experiment's.</param>
/// <param name="tuner">Trains.</param>
/// <param name="progress">Told where it stands.</param>
internal sealed class TrainingStages(ExperimentFolder folder, IFineTuner tuner, StageProgress progress)
{
    /// <summary>Trains a model.</summary>
    /// <param name="seed">Of the run.</param>
    /// <param name="name">Of the model, within the run.</param>
    /// <param name="start">What it starts from; null for random weights.</param>
    /// <param name="data">What it learns.</param>
    /// <param name="validation">What it is chosen by.</param>
    /// <param name="validationTokens">Positions of that.</param>
    /// <param name="settings">How.</param>
    /// <param name="cancel">Stops it.</param>
    public TrainedModel Train(
        long seed, string name, TrainedModel? start, string data, string validation, long validationTokens, TuningSettings settings, CancellationToken cancel)
    {
        string output = folder.PathOf(seed, "models", name);
        string record = folder.PathOf(seed, "models", $"{name}.json");
        progress.Begin($"seed {seed}: training {name}");
        TuningReport report = Known(record, output) ?? Train();
        long validations = 1 + ((report.Steps + settings.EvaluateEvery - 1) / settings.EvaluateEvery);
        return new TrainedModel(output, new MethodCost(report.TrainedTokens, validations * validationTokens, report.Seconds), report.BestLoss);

        TuningReport Train()
        {
            Directory.CreateDirectory(Path.GetDirectoryName(output)!);
            TuningReport made = tuner.Tune(
                new TuningRequest(start?.Path, folder.Config, data, validation, output, settings, seed), progress.Within, cancel);
            ReportFile.Write(record, JsonSerializer.Serialize(made, StageJson.Default.TuningReport) + "\n");
            return made;
        }
    }

    /// <summary>What was noted when the model was complete; null if it never was.</summary>
    private static TuningReport? Known(string record, string model)
    {
        if (!File.Exists(record) || !Directory.Exists(model))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(record), StageJson.Default.TuningReport);
        }
        catch (JsonException e)
        {
            throw new DemException(ErrorCode.BadResults, $"{record}: {JsonFault.Describe(e)}", e);
        }
    }
}

/// <summary>How a stage's report is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TuningReport))]
internal sealed partial class StageJson : JsonSerializerContext;
