using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>Plans checkpoints of random numbers, for experiments, benchmarks and tests.</summary>
public static class SynthPlanner
{
    private const float WeightDeviation = 0.02f;

    /// <summary>Default standard deviation of the differences between a tuned checkpoint and its base.</summary>
    public const double DefaultScale = 1e-3;

    /// <summary>
    /// Plans a base checkpoint: normalisation weights are 1, the others have mean 0 and standard deviation 0.02.
    /// </summary>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="type">Element type of the tensors.</param>
    /// <param name="seed">Random seed of the weights.</param>
    /// <param name="maxShardBytes">Maximum shard size in bytes; see <see cref="ShardLayout.Plan"/>.</param>
    public static OutputPlan PlanBase(IModelShape shape, ElementType type, long seed, long maxShardBytes)
    {
        OutputTensor[] tensors =
        [
            .. shape.Tensors(type).Select(spec => spec.Shape.Dimensions.Length == 1 && !IsBias(spec)
                ? new SyntheticTensor(spec, seed, null, mean: 1, scale: 0)
                : new SyntheticTensor(spec, seed, null, mean: 0, scale: WeightDeviation)),
        ];
        var sideFiles = new Dictionary<string, byte[]> { ["config.json"] = shape.ToConfig(type) };
        return new OutputPlan(
            "synth",
            $"{shape} {type.SafetensorsName} seed {seed}",
            [],
            [],
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), maxShardBytes),
            sideFiles);
    }

    /// <summary>Plans a checkpoint as if fine-tuned from a base: every floating-point element is moved a little.</summary>
    /// <param name="baseModel">Base checkpoint.</param>
    /// <param name="type">Element type of the tensors; null for that of the base.</param>
    /// <param name="seed">Random seed of the differences.</param>
    /// <param name="scale">Standard deviation of the differences.</param>
    /// <param name="maxShardBytes">Maximum shard size in bytes; see <see cref="ShardLayout.Plan"/>.</param>
    public static OutputPlan PlanTuned(
        Checkpoint baseModel, ElementType? type, long seed, double scale, long maxShardBytes)
    {
        OutputTensor[] tensors =
        [
            .. baseModel.Tensors.Select(OutputTensor (tensor) => tensor.Spec.Type.IsFloat
                ? new SyntheticTensor(
                    tensor.Spec with { Type = type ?? tensor.Spec.Type },
                    seed,
                    new StoredTensorReader(tensor),
                    mean: 0,
                    scale: (float)scale)
                : new CopiedTensor(tensor.Spec, new StoredTensorReader(tensor), baseModel.Path, [])),
        ];
        Dictionary<string, byte[]> sideFiles = SideFiles.Read(baseModel.Folder);
        if (type is not null)
            ModelConfig.StateType(sideFiles, baseModel.Path, type.Value);
        return new OutputPlan(
            "synth",
            $"tuned, scale {scale:r}, seed {seed}",
            [new ManifestInput("base", baseModel.Path, Fingerprint.Of(baseModel))],
            [baseModel],
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), maxShardBytes),
            sideFiles);
    }

    private static bool IsBias(TensorSpec spec) => spec.Name.EndsWith(".bias", StringComparison.Ordinal);
}
