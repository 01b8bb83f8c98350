using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics.Elements;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>Reads a stored tensor as binary32 numbers.</summary>
internal static class ModelNumbers
{
    /// <summary>Reads a part of a tensor.</summary>
    /// <param name="tensor">The tensor, of a floating-point type; binary64 is rounded.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="values">Receives the elements.</param>
    public static void Read(StoredTensor tensor, long first, Span<float> values)
    {
        using PartBytes bytes = PartBytes.Read(tensor, first, values.Length);
        FloatNumbers.Read(tensor.Spec.Type, bytes.Bytes, values);
    }
}
