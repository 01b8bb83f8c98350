using System.Collections.Immutable;
using System.Text;
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
    /// <param name="choices">What is chosen about the data files; null for nothing.</param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded); DEM2001 to DEM2013, DEM2022, DEM2023: the model's files; DEM2080 to DEM2115: the model or the
    /// data.
    /// </exception>
    public static TrainingJob FromModel(
        string model,
        string data,
        string validation,
        ITokenizerReader? tokenizers,
        TrainingOptions options,
        DataChoices? choices = null)
    {
        // Pages of a mapped file would count beside the model that is read from them.
        using Checkpoint checkpoint = ModelWeights.Open(model, IoMode.Pread);
        var weights = new CheckpointWeights(checkpoint);
        ITokenizer tokenizer = Tokenizers.Of(checkpoint.Folder, weights.Config, tokenizers);
        DataReading reading = (choices ?? DataChoices.None).For(checkpoint.Folder, tokenizer, weights.Config);
        DataSet learnt = DataSetReader.Read("training", data, reading);
        DataSet judging = DataSetReader.Read("validation", validation, reading);
        var sideFiles = new Dictionary<string, byte[]>(
            checkpoint.IsDecoded ? checkpoint.ReadSideFiles().Files : SideFiles.Read(checkpoint.Folder), StringComparer.Ordinal);
        KeepTemplate(sideFiles, choices, reading);
        ModelConfig.StateType(sideFiles, model, options.Type);
        ImmutableArray<ManifestInput> inputs =
        [
            new ManifestInput("base", model, Fingerprint.Of(checkpoint)),
            .. Data(data, validation, choices),
        ];
        TorchModel start = options.Lora is null ? TorchModel.Read(weights) : TorchModel.ReadAsStored(weights);
        return new TrainingJob(start, inputs, learnt, judging, sideFiles, options)
        {
            Choices = choices ?? DataChoices.None,
        };
    }

    /// <summary>Makes a job that trains from random weights, which <see cref="TrainingOptions.Seed"/> selects.</summary>
    /// <param name="config">
    /// Path of a <c>config.json</c>, or of its folder; a tokenizer's files beside it accompany the model.
    /// </param>
    /// <param name="data">Path of the training data; see <see cref="DataSetReader"/>.</param>
    /// <param name="validation">Path of the validation data, which decide which weights are best.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer.</param>
    /// <param name="options">Training options.</param>
    /// <param name="choices">What is chosen about the data files; null for nothing.</param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded); DEM2023 (BadSideFile); DEM2080 to DEM2115: the configuration or the data.
    /// </exception>
    public static TrainingJob FromScratch(
        string config,
        string data,
        string validation,
        ITokenizerReader? tokenizers,
        TrainingOptions options,
        DataChoices? choices = null)
    {
        LlamaConfig read = LlamaConfig.Read(config);
        string folder = Directory.Exists(config) ? config : Path.GetDirectoryName(Path.GetFullPath(config))!;
        ITokenizer tokenizer = Tokenizers.Of(folder, read, tokenizers);
        DataReading reading = (choices ?? DataChoices.None).For(folder, tokenizer, read);
        DataSet learnt = DataSetReader.Read("training", data, reading);
        DataSet judging = DataSetReader.Read("validation", validation, reading);
        string file = Directory.Exists(config) ? Path.Combine(config, LlamaConfig.FileName) : config;
        ImmutableArray<ManifestInput> inputs =
        [
            new ManifestInput("config", config, Fingerprint.OfFile(file)),
            .. Data(data, validation, choices),
        ];
        var sideFiles = new Dictionary<string, byte[]>(SideFiles.ReadTokenizer(folder), StringComparer.Ordinal);
        KeepTemplate(sideFiles, choices, reading);
        return new TrainingJob(TorchModel.Draw(read, options.Seed), inputs, learnt, judging, sideFiles, options)
        {
            Choices = choices ?? DataChoices.None,
        };
    }

    // A model that was trained by a template that is not its own is used with that one, too.
    private static void KeepTemplate(Dictionary<string, byte[]> sideFiles, DataChoices? choices, DataReading reading)
    {
        if (choices?.ChatTemplate is not null && reading.Chats is { IsValueCreated: true, Value: { } template })
            sideFiles["chat_template.jinja"] = Encoding.UTF8.GetBytes(template.Source);
    }

    private static IEnumerable<ManifestInput> Data(string data, string validation, DataChoices? choices)
    {
        yield return new ManifestInput("data", data, Fingerprint.OfFile(data));
        yield return new ManifestInput("validation", validation, Fingerprint.OfFile(validation));
        if (choices?.ChatTemplate is { } template && File.Exists(template))
            yield return new ManifestInput("chat template", template, Fingerprint.OfFile(template));
    }
}
