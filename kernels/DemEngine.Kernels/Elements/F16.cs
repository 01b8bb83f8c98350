using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// IEEE 754 binary16: 5 exponent and 10 mantissa bits. Converted by integer operations, so that no device's conversion matters.
/// </summary>
internal readonly struct F16 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static uint FirstNonFinite => 0x7C00;

    public static double Decode(uint bits) => SmallEncoding.Decode(bits, width: 16, mantissaBits: 10, bias: 15, 0x7C00);

    public static uint Encode(double value)
    {
        uint bits = SmallEncoding.Encode(value, width: 16, mantissaBits: 10, bias: 15, 0x7C00);
        return Utilities.Select(double.IsNaN(value), 0x7E00u, bits);
    }

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => TwoBytes.Load<F16>(memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) =>
        TwoBytes.Store<F16>(values, memory, start, group);
}
