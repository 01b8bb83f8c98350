using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>From files to what is to be trained.</summary>
public static class TrainingJobs
{
    /// <summary>Training of a model that is there.</summary>
    /// <param name="model">Its folder.</param>
    /// <param name="data">What is learnt: see <see cref="DataSetReader"/>.</param>
    /// <param name="validation">What decides which weights are best.</param>
    /// <param name="tokenizers">Reads the model's own tokenizer.</param>
    /// <param name="options">How.</param>
    /// <exception cref="DemException">DEM1021; DEM2001 to DEM2013, DEM2022, DEM2023; DEM2101 to DEM2115.</exception>
    public static TrainingJob FromModel(string model, string data, string validation, ITokenizerReader? tokenizers, TrainingOptions options)
    {
        using Checkpoint checkpoint = Checkpoint.Open(model);
        var weights = new CheckpointWeights(checkpoint);
        ITokenizer tokenizer = Tokenizers.Of(checkpoint.Folder, weights.Config, tokenizers);
        DataSet learnt = DataSetReader.Read("training", data, tokenizer, weights.Config);
        DataSet judging = DataSetReader.Read("validation", validation, tokenizer, weights.Config);
        Dictionary<string, byte[]> sideFiles = SideFiles.Read(checkpoint.Folder);
        ModelConfig.StateType(sideFiles, options.Type);
        ImmutableArray<ManifestInput> inputs = [new ManifestInput("base", model, Fingerprint.Of(checkpoint)), .. Data(data, validation)];
        return new TrainingJob(TorchModel.Read(weights), inputs, learnt, judging, sideFiles, options);
    }

    /// <summary>Training from random weights, which <see cref="TrainingOptions.Seed"/> chooses.</summary>
    /// <param name="config">A <c>config.json</c>, or its folder; a tokenizer's files beside it go with the model.</param>
    /// <param name="data">What is learnt: see <see cref="DataSetReader"/>.</param>
    /// <param name="validation">What decides which weights are best.</param>
    /// <param name="tokenizers">Reads the model's own tokenizer.</param>
    /// <param name="options">How.</param>
    /// <exception cref="DemException">DEM1021; DEM2023; DEM2101 to DEM2115.</exception>
    public static TrainingJob FromScratch(string config, string data, string validation, ITokenizerReader? tokenizers, TrainingOptions options)
    {
        LlamaConfig read = LlamaConfig.Read(config);
        string folder = Directory.Exists(config) ? config : Path.GetDirectoryName(Path.GetFullPath(config))!;
        ITokenizer tokenizer = Tokenizers.Of(folder, read, tokenizers);
        DataSet learnt = DataSetReader.Read("training", data, tokenizer, read);
        DataSet judging = DataSetReader.Read("validation", validation, tokenizer, read);
        string file = Directory.Exists(config) ? Path.Combine(config, LlamaConfig.FileName) : config;
        ImmutableArray<ManifestInput> inputs = [new ManifestInput("config", config, Fingerprint.OfFile(file)), .. Data(data, validation)];
        return new TrainingJob(TorchModel.Draw(read, options.Seed), inputs, learnt, judging, SideFiles.ReadTokenizer(folder), options);
    }

    private static IEnumerable<ManifestInput> Data(string data, string validation) =>
    [
        new ManifestInput("data", data, Fingerprint.OfFile(data)),
        new ManifestInput("validation", validation, Fingerprint.OfFile(validation)),
    ];
}
