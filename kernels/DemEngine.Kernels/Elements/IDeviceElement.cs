using ILGPU;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// How a kernel reads one element type exactly, and writes it with one rounding from double: nearest even, overflow to infinity (NaN in
/// E4M3), subnormals kept, any NaN as the type's canonical quiet NaN. Kernels are generic over it and compiled once for each type.
/// </summary>
/// <remarks>Tensors lie in device memory at multiples of 16 bytes, padded to whole groups of eight elements.</remarks>
internal interface IDeviceElement
{
    /// <summary>Whether every value is a binary32 value, so that the product of two is exact in double.</summary>
    static abstract bool FitsSingle { get; }

    /// <summary>Reads a group of eight elements.</summary>
    /// <param name="memory">Device memory.</param>
    /// <param name="start">Where the tensor starts, in units of 16 bytes.</param>
    /// <param name="group">Which eight elements.</param>
    static abstract Eight Load(ArrayView<Words4> memory, long start, long group);

    /// <summary>Writes a group of eight elements.</summary>
    /// <returns>Bit k set if element k is not finite as written.</returns>
    static abstract uint Store(Eight values, ArrayView<Words4> memory, long start, long group);
}

/// <summary>An element type of at most 32 bits, by its encodings.</summary>
internal interface IDeviceEncoding
{
    /// <summary>The smallest encoding, without sign, that is not finite.</summary>
    static abstract uint FirstNonFinite { get; }

    /// <summary>The value of an encoding, exactly.</summary>
    /// <param name="bits">The encoding in the low bits, zeros above.</param>
    static abstract double Decode(uint bits);

    /// <summary>The encoding of the nearest value, zeros above.</summary>
    static abstract uint Encode(double value);
}
