using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Consecutive elements of a tensor as a tensor of their own, read in place.</summary>
/// <param name="whole">The tensor.</param>
/// <param name="name">Name of the part.</param>
/// <param name="shape">Shape of the part.</param>
/// <param name="start">Index of the part's first element in the tensor.</param>
internal sealed class TensorPart(TensorReader whole, string name, TensorShape shape, long start)
    : TensorReader(new TensorSpec(name, whole.Spec.Type, shape))
{
    public override ElementType ModelType => whole.ModelType;

    public override IReadOnlyList<TensorReader> MadeFrom => whole.MadeFrom;

    public override IEnumerable<StoredTensor> InFiles => whole.InFiles;

    public override int ElementBytes => whole.ElementBytes;

    public override ComputingMemory Computing => whole.Computing;

    public override bool IsCopied => whole.IsCopied;

    public override NativeBytes? InMemory => IsCopied || Spec.ByteLength > int.MaxValue
        ? null
        : whole.InMemory?.Slice(checked((int)(start * Spec.Type.Size)), (int)Spec.ByteLength);

    public override TensorReader Rebind(Func<TensorReader, TensorReader> replace)
    {
        TensorReader bound = whole.Rebind(replace);
        return ReferenceEquals(bound, whole) ? this : new TensorPart(bound, Spec.Name, Spec.Shape, start);
    }

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) =>
        whole.Read(start + first, count, room, context);

    public override void WillNeed(long first, long count) => whole.WillNeed(start + first, count);
}
