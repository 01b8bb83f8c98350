using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>A part of a vector as a tensor that the engine can write.</summary>
/// <param name="name">Name of the tensor.</param>
/// <param name="shape">Shape of the tensor.</param>
/// <param name="flat">Vector that contains the tensor, on the processor, of a type of <see cref="TorchTypes"/>.</param>
/// <param name="offset">Index of the tensor's first element in the vector.</param>
internal sealed class TensorSlice(string name, TensorShape shape, Tensor flat, long offset) : ITensorData
{
    public TensorSpec Spec { get; } = new(name, TorchTypes.Of(flat.dtype), shape);

    public TypedBytes Read(long first, int count, NativeBytes scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Spec.Shape.ElementCount - first);
        // Dispose scopes belong to threads, and any thread may call this.
        using Tensor part = flat.narrow(0, offset + first, count).DetachFromDisposeScope();
        NativeBytes bytes = scratch.Slice(0, count * Spec.Type.Size);
        part.bytes.CopyTo(bytes.Span);
        return new TypedBytes(Spec.Type, bytes);
    }
}
