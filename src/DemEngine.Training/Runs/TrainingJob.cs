using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>All that a run works on.</summary>
/// <param name="Start">The model it starts from; stays as it is.</param>
/// <param name="Inputs">What that model and the data were read from, with fingerprints that tell them from any other.</param>
/// <param name="Data">What is learnt.</param>
/// <param name="Validation">What decides which weights are best, and when to stop.</param>
/// <param name="SideFiles">Small files that go with the trained model; a <c>config.json</c> is made if none is among them.</param>
/// <param name="Options">How.</param>
public sealed record TrainingJob(
    TorchModel Start, ImmutableArray<ManifestInput> Inputs, DataSet Data, DataSet Validation, IReadOnlyDictionary<string, byte[]> SideFiles, TrainingOptions Options);
