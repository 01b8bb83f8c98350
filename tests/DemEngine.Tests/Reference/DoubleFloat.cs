using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>binary64: nothing is rounded, only a NaN made canonical.</summary>
internal sealed class DoubleFloat() : ReferenceFloat(ElementType.F64, size: 8, largest: 0x7FEF_FFFF_FFFF_FFFF)
{
    public override double Value(ulong encoding) => BitConverter.UInt64BitsToDouble(encoding);

    public override ulong Round(double value) =>
        double.IsNaN(value) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToUInt64Bits(value);
}
