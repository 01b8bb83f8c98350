using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>The inputs and options of a run.</summary>
/// <param name="Start">Model to start from; it is not changed.</param>
/// <param name="Inputs">
/// Sources that the model and the data were read from, with fingerprints that tell them from any other.
/// </param>
/// <param name="Data">Training data.</param>
/// <param name="Validation">Validation data, which decide which weights are best and when to stop.</param>
/// <param name="SideFiles">
/// Small files that accompany the trained model. A <c>config.json</c> is added if there is none among them.
/// </param>
/// <param name="Options">Training options.</param>
public sealed record TrainingJob(
    TorchModel Start,
    ImmutableArray<ManifestInput> Inputs,
    DataSet Data,
    DataSet Validation,
    IReadOnlyDictionary<string, byte[]> SideFiles,
    TrainingOptions Options)
{
    /// <summary>What was chosen about the data files.</summary>
    public DataChoices Choices { get; init; } = DataChoices.None;

    /// <summary>Whether a model that was adapted is written with all its weights, and not as an adapter.</summary>
    public bool Dense { get; init; }

    /// <summary>Whether the output is an adapter.</summary>
    internal bool WritesAdapter => Options.Lora is not null && !Dense;
}
