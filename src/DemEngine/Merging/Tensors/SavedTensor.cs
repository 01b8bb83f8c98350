using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>Copies a tensor, rounding it once to the output's type.</summary>
/// <param name="data">Tensor data of a floating-point type.</param>
/// <param name="type">Element type of the output.</param>
internal sealed class SavedTensor(ITensorData data, ElementType type) : OutputTensor(data.Spec with { Type = type })
{
    private readonly DataInput _input = new(data);

    public override IReadOnlyList<TensorReader> Inputs => [_input];

    public override string Operation => "copy";

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace) =>
        workspace.Worker.Combine(LinearCombination.BaseAlone, [workspace.Read(_input, first, output.Count)], output);

    /// <summary>Reads tensor data by copying it into the workspace.</summary>
    private sealed class DataInput(ITensorData data) : TensorReader(data.Spec)
    {
        public override int ElementBytes => Spec.Type.Size;

        public override bool IsCopied => true;

        public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext workspace) =>
            data.Read(first, count, room);

        public override void WillNeed(long first, long count)
        {
        }
    }
}
