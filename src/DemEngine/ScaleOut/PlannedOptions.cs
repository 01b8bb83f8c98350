using System.Text.Json.Serialization;
using DemEngine.Merging.Options;

namespace DemEngine.ScaleOut;

/// <summary>Options of a merge that decide what its output is.</summary>
internal sealed record PlannedOptions(
    MissingTensors Missing,
    ExtraTensors Extra,
    VocabularyPolicy Vocabulary,
    ExpertStorage Experts,
    long MaxShardBytes,
    NonFinitePolicy NonFinite,
    bool Card,
    bool Overwrite)
{
    /// <summary>Policies for sources that do not match the base.</summary>
    [JsonIgnore]
    public AlignmentOptions Alignment => new()
    {
        Missing = Missing,
        Extra = Extra,
        Vocabulary = Vocabulary,
        Experts = Experts,
    };

    /// <summary>Run options that have these values, and those of a machine for all else.</summary>
    /// <param name="machine">Options of the machine.</param>
    public RunOptions On(RunOptions machine) => machine with
    {
        MaxShardBytes = MaxShardBytes,
        NonFinite = NonFinite,
        Card = Card,
        Overwrite = Overwrite,
        PlansOnly = false,
    };
}
