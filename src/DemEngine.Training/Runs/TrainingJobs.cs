using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Folders;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>Makes training jobs from files.</summary>
public static class TrainingJobs
{
    /// <summary>Makes a job that trains an existing model.</summary>
    /// <param name="model">Path of the model's folder.</param>
    /// <param name="data">Path of the training data; see <see cref="DataSetReader"/>.</param>
    /// <param name="validation">Path of the validation data, which decide which weights are best.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer.</param>
    /// <param name="options">Training options.</param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded); DEM2001 to DEM2013, DEM2022, DEM2023: the model's files; DEM2101 to DEM2115: the model or the
    /// data.
    /// </exception>
    public static TrainingJob FromModel(
        string model, string data, string validation, ITokenizerReader? tokenizers, TrainingOptions options)
    {
        using Checkpoint checkpoint = ModelWeights.Open(model);
        var weights = new CheckpointWeights(checkpoint);
        ITokenizer tokenizer = Tokenizers.Of(checkpoint.Folder, weights.Config, tokenizers);
        DataSet learnt = DataSetReader.Read("training", data, tokenizer, weights.Config);
        DataSet judging = DataSetReader.Read("validation", validation, tokenizer, weights.Config);
        var sideFiles = new Dictionary<string, byte[]>(
            checkpoint.IsDecoded ? checkpoint.ReadSideFiles().Files : SideFiles.Read(checkpoint.Folder), StringComparer.Ordinal);
        ModelConfig.StateType(sideFiles, model, options.Type);
        ImmutableArray<ManifestInput> inputs =
        [
            new ManifestInput("base", model, Fingerprint.Of(checkpoint)),
            .. Data(data, validation),
        ];
        return new TrainingJob(TorchModel.Read(weights), inputs, learnt, judging, sideFiles, options);
    }

    /// <summary>Makes a job that trains from random weights, which <see cref="TrainingOptions.Seed"/> selects.</summary>
    /// <param name="config">
    /// Path of a <c>config.json</c>, or of its folder; a tokenizer's files beside it accompany the model.
    /// </param>
    /// <param name="data">Path of the training data; see <see cref="DataSetReader"/>.</param>
    /// <param name="validation">Path of the validation data, which decide which weights are best.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer.</param>
    /// <param name="options">Training options.</param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded); DEM2023 (BadSideFile); DEM2101 to DEM2115: the configuration or the data.
    /// </exception>
    public static TrainingJob FromScratch(
        string config, string data, string validation, ITokenizerReader? tokenizers, TrainingOptions options)
    {
        LlamaConfig read = LlamaConfig.Read(config);
        string folder = Directory.Exists(config) ? config : Path.GetDirectoryName(Path.GetFullPath(config))!;
        ITokenizer tokenizer = Tokenizers.Of(folder, read, tokenizers);
        DataSet learnt = DataSetReader.Read("training", data, tokenizer, read);
        DataSet judging = DataSetReader.Read("validation", validation, tokenizer, read);
        string file = Directory.Exists(config) ? Path.Combine(config, LlamaConfig.FileName) : config;
        ImmutableArray<ManifestInput> inputs =
        [
            new ManifestInput("config", config, Fingerprint.OfFile(file)),
            .. Data(data, validation),
        ];
        return new TrainingJob(
            TorchModel.Draw(read, options.Seed), inputs, learnt, judging, SideFiles.ReadTokenizer(folder), options);
    }

    private static IEnumerable<ManifestInput> Data(string data, string validation) =>
    [
        new ManifestInput("data", data, Fingerprint.OfFile(data)),
        new ManifestInput("validation", validation, Fingerprint.OfFile(validation)),
    ];
}
