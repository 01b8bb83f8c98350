using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Quantized;

/// <summary>A tensor in a quantised form, as its maker would write it, and the plain tensor that it stands for.</summary>
/// <param name="Form">Name of the case.</param>
/// <param name="Stored">The codes and what belongs to them.</param>
/// <param name="Name">Name of the plain tensor.</param>
/// <param name="Shape">Shape of the plain tensor.</param>
/// <param name="Values">Elements of the plain tensor, from the definition of the form.</param>
/// <param name="Config">Contents of <c>config.json</c>; null for none.</param>
internal sealed record QuantizedCase(
    string Form,
    (TensorSpec Spec, byte[] Bytes)[] Stored,
    string Name,
    long[] Shape,
    float[] Values,
    string? Config = null)
{
    /// <summary>The plain tensor in F32.</summary>
    public (TensorSpec Spec, byte[] Bytes) Plain =>
        TestCheckpoint.Tensor(Name, ElementType.F32, Shape, [.. Values.SelectMany(BitConverter.GetBytes)]);

    public override string ToString() => Form;
}
