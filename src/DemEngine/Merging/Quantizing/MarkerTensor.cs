using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>A tensor of zeros, which only its presence gives a meaning.</summary>
internal sealed class MarkerTensor(TensorSpec spec) : OutputTensor(spec)
{
    public override IReadOnlyList<TensorReader> Inputs => [];

    public override string Operation => "mark";

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        output.Bytes.Span.Clear();
        return default;
    }
}
