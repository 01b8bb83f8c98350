using ILGPU;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// Exact reads of one element type by a kernel, and writes with one rounding from double: nearest even, overflow to infinity (NaN
/// where the type has none), subnormals kept, any NaN as the type's canonical quiet NaN. Kernels are generic over it and compiled
/// once per type.
/// </summary>
/// <remarks>Tensors lie in device memory at multiples of 16 bytes, padded to whole groups of eight elements.</remarks>
internal interface IDeviceElement
{
    /// <summary>Whether every value is a binary32 value, so that the product of two is exact in double.</summary>
    static abstract bool FitsSingle { get; }

    /// <summary>Reads a group of eight elements.</summary>
    /// <param name="memory">Device memory.</param>
    /// <param name="start">Start of the tensor, in units of 16 bytes.</param>
    /// <param name="group">Index of the group of eight elements.</param>
    static abstract Eight Load(ArrayView<Words4> memory, long start, long group);

    /// <summary>Writes a group of eight elements, each rounded once.</summary>
    /// <returns>A mask in which bit k is set if element k is not finite as written.</returns>
    static abstract uint Store(Eight values, ArrayView<Words4> memory, long start, long group);
}

/// <summary>Encoding and decoding of an element type of at most 32 bits.</summary>
internal interface IDeviceEncoding
{
    /// <summary>Whether an encoding, in the low bits with anything above, is finite.</summary>
    static abstract bool IsFinite(uint bits);

    /// <summary>Decodes an encoding exactly.</summary>
    /// <param name="bits">Encoding in the low bits, zeros above.</param>
    static abstract double Decode(uint bits);

    /// <summary>Encodes the nearest value, with zeros above the encoding.</summary>
    static abstract uint Encode(double value);
}
