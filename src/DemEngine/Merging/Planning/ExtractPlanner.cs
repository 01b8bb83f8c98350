using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Forms;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Plans the extraction of a distribution vector.</summary>
public static class ExtractPlanner
{
    /// <summary>
    /// Plans the differences Θᵢ − Θ of every floating-point tensor of the base. Integer and boolean tensors have no difference
    /// and are left out.
    /// </summary>
    /// <param name="baseModel">The base model Θ.</param>
    /// <param name="tuned">The tuned model Θᵢ.</param>
    /// <param name="type">Element type to which the differences are rounded, once.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="maxShardBytes">Maximum data bytes of a shard; see <see cref="ShardLayout.Plan"/>.</param>
    /// <exception cref="DemException">
    /// DEM2014 to DEM2018 (MissingTensor to TypeMismatch): the tensors of the models do not match.
    /// </exception>
    public static OutputPlan Plan(
        Checkpoint baseModel,
        Checkpoint tuned,
        ElementType type,
        AlignmentOptions alignment,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes)
    {
        baseModel = DecodedModel.Of(baseModel);
        tuned = DecodedModel.Of(tuned);
        PlainWeights.Require(baseModel);
        PlainWeights.Require(tuned);
        string fingerprint = Fingerprint.Of(baseModel);
        TensorAlignment aligned = CheckpointAlignment.Align(
            (baseModel, new InputModel(baseModel)),
            [(tuned, new AlignedSource("the tuned model", new InputModel(tuned), IsVector: false))],
            alignment);
        OutputTensor[] tensors =
        [
            .. aligned.Tensors.Where(tensor => tensor.Spec.Type.IsFloat && tensor.Sources[0].Tensor is not null)
                .Select(tensor => new DifferenceTensor(tensor.Spec with { Type = type }, tensor.Base, tensor.Sources[0])),
        ];
        return new OutputPlan(
            "extract",
            null,
            [
                new ManifestInput("base", baseModel.Path, fingerprint),
                new ManifestInput("tuned", tuned.Path, Fingerprint.Of(tuned)),
            ],
            [baseModel, tuned],
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), maxShardBytes, DistributionVector.Metadata(fingerprint)),
            new Dictionary<string, byte[]>())
        {
            Remarks = [.. baseModel.DecodingRemarks, .. tuned.DecodingRemarks, .. aligned.Remarks],
        };
    }

    private sealed class DifferenceTensor(TensorSpec spec, TensorReader baseTensor, SourceTensor tuned) : OutputTensor(spec)
    {
        private readonly TensorReader? _known = tuned.Tensor!.DifferenceFrom(baseTensor);
        private readonly long _covered = Math.Min(spec.Shape.Rows, tuned.Rows) * spec.Shape.RowElements;

        public override IReadOnlyList<TensorReader> Inputs => _known is null ? [baseTensor, tuned.Tensor!]
            : _known == baseTensor ? []
            : [_known];

        public override string Operation => _known is null ? "x − b" : _known == baseTensor ? "0" : "Δ of the adapter";

        public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
        {
            // Vocabulary rows that the tuned model lacks count as unchanged.
            int count = (int)Math.Clamp(_covered - first, 0, output.Count);
            output.Slice(count, output.Count - count).Bytes.Span.Clear();
            if (_known == baseTensor)
                output.Bytes.Span.Clear();
            if (count == 0 || _known == baseTensor)
                return default;
            if (_known is not null)
                return workspace.Worker.Combine(
                    LinearCombination.BaseAlone, [workspace.Read(_known, first, count)], output.Slice(0, count));
            TypedBytes b = workspace.Read(baseTensor, first, count);
            TypedBytes x = workspace.Read(tuned.Tensor!, first, count);
            NonFinite made = workspace.Worker.Combine(LinearCombination.Difference, [b, x], output.Slice(0, count));
            return SharedInfinities.Cancel(b, x, output.Slice(0, count), made, workspace);
        }

        public override void WillNeed(long first, long count)
        {
            long there = Math.Min(count, _covered - first);
            if (there > 0)
                base.WillNeed(first, there);
        }
    }
}
