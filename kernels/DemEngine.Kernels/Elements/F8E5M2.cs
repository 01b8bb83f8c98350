using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>OCP FP8 E5M2: the upper half of an IEEE 754 binary16.</summary>
internal readonly struct F8E5M2 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static uint FirstNonFinite => 0x7C;

    public static double Decode(uint bits) => SmallEncoding.Decode(bits, width: 8, mantissaBits: 2, bias: 15, 0x7C);

    public static uint Encode(double value)
    {
        uint bits = SmallEncoding.Encode(value, width: 8, mantissaBits: 2, bias: 15, 0x7C);
        return Utilities.Select(double.IsNaN(value), 0x7Eu, bits);
    }

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => OneByte.Load<F8E5M2>(memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) =>
        OneByte.Store<F8E5M2>(values, memory, start, group);
}
