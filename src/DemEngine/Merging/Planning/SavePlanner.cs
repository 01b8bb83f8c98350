using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Plans checkpoints of tensors that exist already, such as those of a trained model.</summary>
internal static class SavePlanner
{
    /// <summary>Plans a checkpoint.</summary>
    /// <param name="operation">Name of the operation in the manifest, such as <c>train</c>.</param>
    /// <param name="description">
    /// Description of what was done, in words or as JSON; the manifest has it in place of a merge recipe.
    /// </param>
    /// <param name="inputs">Inputs that the tensors were made from.</param>
    /// <param name="tensors">
    /// Tensors of floating-point types, in the order in which they are written. They stay in use until the plan has been carried
    /// out.
    /// </param>
    /// <param name="type">Element type of the output.</param>
    /// <param name="sideFiles">Small files that go with the weights, by name.</param>
    /// <param name="maxShardBytes">Maximum data bytes of a shard; see <see cref="ShardLayout.Plan"/>.</param>
    /// <remarks>
    /// The tensors' content is not known before it is written, so an unfinished run of this plan must not be resumed; see
    /// <see cref="UnfinishedRun.Restart"/>.
    /// </remarks>
    public static OutputPlan Plan(
        string operation,
        string description,
        IEnumerable<ManifestInput> inputs,
        IEnumerable<ITensorData> tensors,
        ElementType type,
        IReadOnlyDictionary<string, byte[]> sideFiles,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes)
    {
        ImmutableArray<OutputTensor> saved = [.. tensors.Select(tensor => new SavedTensor(tensor, type))];
        return new OutputPlan(
            operation,
            description,
            [.. inputs],
            [],
            saved,
            ShardLayout.Plan(saved.Select(tensor => tensor.Spec), maxShardBytes),
            sideFiles);
    }
}
