using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>What an experiment on a user's model and data depends on.</summary>
/// <param name="Base">Folder of the base model.</param>
/// <param name="Sources">
/// Sources, at least three with different names. The family is built of all but the last, which is added later; then the first
/// is withdrawn.
/// </param>
/// <param name="Training">
/// Training options of a fine-tune on one source; tuning on a mixture of n sources takes n times as many steps.
/// </param>
public sealed record GivenSettings(string Base, ImmutableArray<GivenSource> Sources, TrainingOptions Training)
{
    private const int FewestSources = 3;

    /// <summary>Sources that the family is built of.</summary>
    public ImmutableArray<GivenSource> Built => Sources[..^1];

    /// <summary>Sources that are left in the end.</summary>
    public ImmutableArray<GivenSource> Left => Sources[1..];

    /// <summary>Whether models tuned on one source are adapters.</summary>
    public bool IsAdapted => Training.Lora is not null;

    /// <summary>Checks the settings.</summary>
    /// <exception cref="DemException">
    /// DEM3051 (TooFewSources): there are fewer than three sources, or two of one name.
    /// </exception>
    public void Check()
    {
        if (Sources.Length < FewestSources || Sources.DistinctBy(source => source.Name).Count() < Sources.Length)
        {
            throw new DemException(
                ErrorCode.TooFewSources,
                $"{Sources.Length} sources: {string.Join(", ", Sources.Select(source => source.Name))}");
        }

        Training.Check();
    }

    /// <summary>All that the results depend on, as text. It tells the folders of different experiments apart.</summary>
    internal string Identity()
    {
        string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        string File(string path) => $"{path} {Fingerprint.OfFile(path)}";
        using Checkpoint start = Checkpoint.Open(Base);
        string[] lines =
        [
            $"preset large, {Manifest.ThisEngine}",
            $"base {Fingerprint.Of(start)}",
            .. Sources.Select(source =>
                $"source {source.Name}: {File(source.Train)}, {File(source.Validation)}, {File(source.Test)}"),
            $"{Training.Steps} steps of {Training.BatchSize} at {Number(Training.LearningRate)}, {Training.Type.TorchName}",
            $"adapter {Training.Lora?.Rank} {Training.Lora?.Alpha}; seed {Training.Seed}",
        ];
        return string.Join('\n', lines);
    }
}
