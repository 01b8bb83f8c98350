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

    /// <summary>Whether this is binary32.</summary>
    static abstract bool IsSingle { get; }

    /// <summary>Reads a group of eight elements.</summary>
    /// <param name="memory">Device memory.</param>
    /// <param name="start">Start of the tensor, in units of 16 bytes.</param>
    /// <param name="group">Index of the group of eight elements.</param>
    static abstract Eight Load(ArrayView<Words4> memory, long start, long group);

    /// <summary>Reads a group of eight elements in binary32. Only where <see cref="FitsSingle"/>.</summary>
    static abstract EightFloats LoadSingles(ArrayView<Words4> memory, long start, long group);

    /// <summary>Reads one element in binary32. Only where <see cref="FitsSingle"/>.</summary>
    /// <param name="memory">Device memory.</param>
    /// <param name="start">Start of the tensor, in units of 16 bytes.</param>
    /// <param name="index">Index of the element.</param>
    static abstract float LoadOne(ArrayView<Words4> memory, long start, long index);

    /// <summary>Writes a group of eight elements from binary32, each rounded once, as <see cref="Store"/> does.</summary>
    static abstract uint StoreSingles(EightFloats values, ArrayView<Words4> memory, long start, long group);

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
    static abstract float Decode(uint bits);

    /// <summary>Encodes the nearest value, with zeros above the encoding.</summary>
    static abstract uint Encode(double value);

    /// <summary>Encodes the value nearest to a binary32 number, as <see cref="Encode"/> does.</summary>
    static abstract uint EncodeSingle(float value);
}

/// <summary>Rounding of sums that are not known exactly, to a type of 16 bits.</summary>
internal interface IDeviceRounding : IDeviceElement, IDeviceEncoding
{
    /// <summary>Set in the result of <see cref="RoundApproximation"/> where the sum must be computed exactly.</summary>
    const uint Undecided = 0x8000_0000;

    /// <summary>Rounds an approximate sum, where every value within its error rounds to the same finite result.</summary>
    /// <param name="sum">Approximate sum, which may be any value.</param>
    /// <param name="bound">
    /// Twice the maximum error of the sum; twice because results lie twice as close below a power of two.
    /// </param>
    /// <returns>The encoding, or <see cref="Undecided"/> with anything below.</returns>
    static abstract uint RoundApproximation(float sum, float bound);
}
