using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>The element types that weights have in memory, and Torch's names of them.</summary>
internal static class TorchTypes
{
    /// <summary>The element type of a vector of weights.</summary>
    public static ElementType Of(ScalarType type) => type switch
    {
        ScalarType.Float32 => ElementType.F32,
        ScalarType.BFloat16 => ElementType.BF16,
        ScalarType.Float16 => ElementType.F16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>Torch's name of an element type.</summary>
    public static ScalarType Of(ElementType type) => type switch
    {
        ElementType.F32 => ScalarType.Float32,
        ElementType.BF16 => ScalarType.BFloat16,
        ElementType.F16 => ScalarType.Float16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
