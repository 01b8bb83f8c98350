using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// A tensor of an upstream recipe's result: any part of it is computed, and rounded to its type, when it is read.
/// </summary>
internal sealed class ComputedTensorReader(OutputTensor tensor) : TensorReader(tensor.Spec)
{
    public override IReadOnlyList<TensorReader> MadeFrom => tensor.Inputs;

    public override bool IsCopied => true;

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context)
    {
        var part = new TypedBytes(Spec.Type, room);
        tensor.Produce(first, part, context);
        return part;
    }

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);
}
