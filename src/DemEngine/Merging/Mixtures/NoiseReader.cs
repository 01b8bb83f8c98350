using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Mixtures;

/// <summary>Normal noise of the shape of an output tensor, drawn by the tensor's name.</summary>
internal sealed class NoiseReader(TensorSpec spec, long seed) : TensorReader(spec with { Type = ElementType.F32 })
{
    private readonly NormalNumbers _numbers = new($"noise of {spec.Name}", seed);

    public override bool IsCopied => true;

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context)
    {
        Span<float> values = MemoryMarshal.Cast<byte, float>(room.Span)[..count];
        for (int k = 0; k < count; k++)
            values[k] = _numbers[first + k];
        return new TypedBytes(ElementType.F32, room.Slice(0, count * sizeof(float)));
    }

    public override void WillNeed(long first, long count)
    {
    }
}
