using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>binary32, by the language's own conversions.</summary>
internal sealed class SingleFloat() : ReferenceFloat(ElementType.F32, size: 4, largest: 0x7F7F_FFFF)
{
    public override double Value(ulong encoding) => BitConverter.UInt32BitsToSingle((uint)encoding);

    public override ulong Round(double value) => double.IsNaN(value) ? 0x7FC0_0000 : BitConverter.SingleToUInt32Bits((float)value);
}
