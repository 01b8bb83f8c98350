using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Plans checkpoints of tensors that are there already, such as those of a model that was trained.</summary>
internal static class SavePlanner
{
    /// <summary>Plans a checkpoint.</summary>
    /// <param name="operation">Named in the manifest, such as <c>train</c>.</param>
    /// <param name="description">What was done, in words or as JSON; stands in the manifest where a merge has its recipe.</param>
    /// <param name="inputs">What it was made from.</param>
    /// <param name="tensors">Of floating-point types, in the order in which they are to lie. In use until the plan was carried out.</param>
    /// <param name="type">The output's element type.</param>
    /// <param name="sideFiles">Small files that go with the weights, by name.</param>
    /// <param name="maxShardBytes">See <see cref="ShardLayout.Plan"/>.</param>
    /// <remarks>
    /// What the tensors hold is not known before they are written, so that an unfinished run of this plan must not be resumed:
    /// <see cref="UnfinishedRun.Restart"/>.
    /// </remarks>
    public static OutputPlan Plan(
        string operation, string description, IEnumerable<ManifestInput> inputs, IEnumerable<ITensorData> tensors, ElementType type,
        IReadOnlyDictionary<string, byte[]> sideFiles, long maxShardBytes = ShardLayout.DefaultMaxShardBytes)
    {
        ImmutableArray<OutputTensor> saved = [.. tensors.Select(tensor => new SavedTensor(tensor, type))];
        return new OutputPlan(
            operation, description, [.. inputs], [], saved, ShardLayout.Plan(saved.Select(tensor => tensor.Spec), maxShardBytes), sideFiles);
    }
}
