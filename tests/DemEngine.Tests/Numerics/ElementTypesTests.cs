using DemEngine.Numerics;

namespace DemEngine.Tests.Numerics;

public sealed class ElementTypesTests
{
    private static readonly ElementType[] All = Enum.GetValues<ElementType>();

    [TestCase(ElementType.Bool, "BOOL", "bool", 1, false)]
    [TestCase(ElementType.U8, "U8", "uint8", 1, false)]
    [TestCase(ElementType.I8, "I8", "int8", 1, false)]
    [TestCase(ElementType.U16, "U16", "uint16", 2, false)]
    [TestCase(ElementType.I16, "I16", "int16", 2, false)]
    [TestCase(ElementType.U32, "U32", "uint32", 4, false)]
    [TestCase(ElementType.I32, "I32", "int32", 4, false)]
    [TestCase(ElementType.U64, "U64", "uint64", 8, false)]
    [TestCase(ElementType.I64, "I64", "int64", 8, false)]
    [TestCase(ElementType.F8E4M3, "F8_E4M3", "float8_e4m3fn", 1, true)]
    [TestCase(ElementType.F8E5M2, "F8_E5M2", "float8_e5m2", 1, true)]
    [TestCase(ElementType.F16, "F16", "float16", 2, true)]
    [TestCase(ElementType.BF16, "BF16", "bfloat16", 2, true)]
    [TestCase(ElementType.F32, "F32", "float32", 4, true)]
    [TestCase(ElementType.F64, "F64", "float64", 8, true)]
    [TestCase(ElementType.F8E4M3Fnuz, "F8_E4M3FNUZ", "float8_e4m3fnuz", 1, true)]
    [TestCase(ElementType.F8E5M2Fnuz, "F8_E5M2FNUZ", "float8_e5m2fnuz", 1, true)]
    [TestCase(ElementType.F4, "F4", "float4_e2m1fn", 1, false)]
    [TestCase(ElementType.F6E2M3, "F6_E2M3", "float6_e2m3fn", 1, false)]
    [TestCase(ElementType.F6E3M2, "F6_E3M2", "float6_e3m2fn", 1, false)]
    [TestCase(ElementType.F8E8M0, "F8_E8M0", "float8_e8m0fnu", 1, false)]
    [TestCase(ElementType.C64, "C64", "complex64", 8, false)]
    public void Each_type_has_its_names_and_size(ElementType type, string safetensors, string torch, int size, bool isFloat)
    {
        Assert.That(type.SafetensorsName, Is.EqualTo(safetensors));
        Assert.That(type.TorchName, Is.EqualTo(torch));
        Assert.That(type.Size, Is.EqualTo(size));
        Assert.That(type.IsFloat, Is.EqualTo(isFloat));
    }

    [Test]
    public void Safetensors_names_are_parsed_back([ValueSource(nameof(All))] ElementType type)
    {
        Assert.That(ElementTypes.TryParseSafetensors(type.SafetensorsName, out ElementType parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(type));
    }

    [TestCase("")]
    [TestCase("bf16")]
    [TestCase("BF16 ")]
    [TestCase("BFLOAT16")]
    [TestCase("F4_E2M1")]
    [TestCase("C128")]
    public void Safetensors_names_are_exact(string name) => Assert.That(ElementTypes.TryParseSafetensors(name, out _), Is.False);

    [TestCase("bf16", ElementType.BF16)]
    [TestCase("bfloat16", ElementType.BF16)]
    [TestCase("BFloat16", ElementType.BF16)]
    [TestCase("F16", ElementType.F16)]
    [TestCase("float16", ElementType.F16)]
    [TestCase("f32", ElementType.F32)]
    [TestCase("Float32", ElementType.F32)]
    [TestCase("float64", ElementType.F64)]
    [TestCase("f8_e4m3", ElementType.F8E4M3)]
    [TestCase("float8_e4m3fn", ElementType.F8E4M3)]
    [TestCase("F8_E5M2", ElementType.F8E5M2)]
    [TestCase("float8_e5m2", ElementType.F8E5M2)]
    [TestCase("torch.float8_e4m3fnuz", ElementType.F8E4M3Fnuz)]
    [TestCase("f8_e5m2fnuz", ElementType.F8E5M2Fnuz)]
    public void Float_types_have_several_names(string name, ElementType type)
    {
        Assert.That(ElementTypes.TryParseFloat(name, out ElementType parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(type));
    }

    [TestCase("")]
    [TestCase("int8")]
    [TestCase("U8")]
    [TestCase("bool")]
    [TestCase("F4")]
    [TestCase("float8_e8m0fnu")]
    [TestCase("complex64")]
    [TestCase("bf17")]
    [TestCase(" bf16")]
    public void Other_names_are_no_float_type(string name) => Assert.That(ElementTypes.TryParseFloat(name, out _), Is.False);
}
