using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>OCP FP8 E4M3: no infinities, and one NaN of either sign, to which overflows are also converted.</summary>
internal readonly struct F8E4M3 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static uint FirstNonFinite => 0x7F;

    public static double Decode(uint bits) => SmallEncoding.Decode(bits, width: 8, mantissaBits: 3, bias: 7, 0x7F);

    public static uint Encode(double value)
    {
        uint bits = SmallEncoding.Encode(value, width: 8, mantissaBits: 3, bias: 7, 0x7F);
        return Utilities.Select((bits & 0x7F) == 0x7F, 0x7Fu, bits);
    }

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => OneByte.Load<F8E4M3>(memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) =>
        OneByte.Store<F8E4M3>(values, memory, start, group);
}
