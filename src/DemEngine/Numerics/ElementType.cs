namespace DemEngine.Numerics;

/// <summary>Type of a stored tensor element, little-endian, named as in the safetensors format.</summary>
public enum ElementType : byte
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>
    /// 8-bit float, 4 exponent and 3 mantissa bits, no infinities (OCP 8-bit Floating Point Specification, E4M3).
    /// </summary>
    F8E4M3,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits (OCP 8-bit Floating Point Specification, E5M2).</summary>
    F8E5M2,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>The upper half of an IEEE 754 binary32.</summary>
    BF16,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>
    /// 8-bit float, 4 exponent and 3 mantissa bits, no infinities and no negative zero (Noune et al., arXiv 2206.02915).
    /// </summary>
    F8E4M3Fnuz,

    /// <summary>
    /// 8-bit float, 5 exponent and 2 mantissa bits, no infinities and no negative zero (Noune et al., arXiv 2206.02915).
    /// </summary>
    F8E5M2Fnuz,

    /// <summary>4-bit float of the OCP Microscaling Formats Specification, two in a byte; carried over as bits.</summary>
    F4,

    /// <summary>
    /// 6-bit float of the OCP Microscaling Formats Specification, 2 exponent and 3 mantissa bits, four in three bytes; carried
    /// over as bits.
    /// </summary>
    F6E2M3,

    /// <summary>
    /// 6-bit float of the OCP Microscaling Formats Specification, 3 exponent and 2 mantissa bits, four in three bytes; carried
    /// over as bits.
    /// </summary>
    F6E3M2,

    /// <summary>
    /// Power of two of the OCP Microscaling Formats Specification, a scale of other elements; carried over as bits.
    /// </summary>
    F8E8M0,

    /// <summary>Complex number of two IEEE 754 binary32; carried over as bits.</summary>
    C64,
}

/// <summary>Sizes and names of each <see cref="ElementType"/>, and lookup by those names.</summary>
public static class ElementTypes
{
    // In the order of the enumeration.
    private static readonly Row[] Table =
    [
        Opaque("BOOL", "bool", 8),
        Opaque("U8", "uint8", 8),
        Opaque("I8", "int8", 8),
        Opaque("U16", "uint16", 16),
        Opaque("I16", "int16", 16),
        Opaque("U32", "uint32", 32),
        Opaque("I32", "int32", 32),
        Opaque("U64", "uint64", 64),
        Opaque("I64", "int64", 64),
        Float("F8_E4M3", "float8_e4m3fn", 8, "float8_e4m3", "f8_e4m3fn"),
        Float("F8_E5M2", "float8_e5m2", 8),
        Float("F16", "float16", 16, "fp16", "half"),
        Float("BF16", "bfloat16", 16, "bf16"),
        Float("F32", "float32", 32, "fp32", "float"),
        Float("F64", "float64", 64, "fp64", "double"),
        Float("F8_E4M3FNUZ", "float8_e4m3fnuz", 8),
        Float("F8_E5M2FNUZ", "float8_e5m2fnuz", 8),
        Opaque("F4", "float4_e2m1fn", 4),
        Opaque("F6_E2M3", "float6_e2m3fn", 6),
        Opaque("F6_E3M2", "float6_e3m2fn", 6),
        Opaque("F8_E8M0", "float8_e8m0fnu", 8),
        Opaque("C64", "complex64", 64),
    ];

    extension(ElementType type)
    {
        /// <summary>Size of an element in bits.</summary>
        public int Bits => Table[(int)type].Bits;

        /// <summary>
        /// Size in bytes of a unit, the smallest part of a tensor that is read on its own: an element, or a byte where elements
        /// share bytes (F4, F6_E2M3, F6_E3M2).
        /// </summary>
        public int Size => Math.Max(1, Table[(int)type].Bits / 8);

        /// <summary>Name of the type in a safetensors header, such as <c>BF16</c>.</summary>
        public string SafetensorsName => Table[(int)type].Safetensors;

        /// <summary>
        /// Name of the type in PyTorch and in <c>config.json</c>, such as <c>bfloat16</c>; in ml_dtypes where PyTorch has none.
        /// </summary>
        public string TorchName => Table[(int)type].Torch;

        /// <summary>Whether this is an integer type or BOOL.</summary>
        internal bool IsInteger => type <= ElementType.I64;

        /// <summary>
        /// Whether tensors of this type are merged as floating-point numbers; others are carried over, bit for bit.
        /// </summary>
        public bool IsFloat => Table[(int)type].IsFloat;
    }

    /// <summary>PyTorch's names of the floating-point types that can be written, widest first.</summary>
    public static IReadOnlyList<string> FloatNames { get; } =
        [.. Table.Where(row => row.IsFloat).OrderByDescending(row => row.Bits).Select(row => row.Torch)];

    /// <summary>All names that <see cref="TryParseFloat"/> takes, in one spelling each, without <c>torch.</c>.</summary>
    internal static IReadOnlyList<string> FloatSpellings { get; } = [.. Table.SelectMany(row => row.Names).Distinct()];

    /// <summary>Finds the type that a safetensors header names.</summary>
    /// <param name="name">Name in a safetensors header, such as <c>F8_E4M3</c>; case-sensitive.</param>
    /// <param name="type">The type found, if the name is known.</param>
    public static bool TryParseSafetensors(ReadOnlySpan<char> name, out ElementType type)
    {
        for (int k = 0; k < Table.Length; k++)
        {
            if (name.SequenceEqual(Table[k].Safetensors))
            {
                type = (ElementType)k;
                return true;
            }
        }

        type = default;
        return false;
    }

    /// <summary>
    /// Finds the floating-point type that a recipe or an option names: <c>bf16</c>, <c>bfloat16</c>, <c>F8_E4M3</c> and so on.
    /// </summary>
    /// <param name="name">
    /// The safetensors name, PyTorch's name with or without <c>torch.</c>, or a common short form; case-insensitive.
    /// </param>
    /// <param name="type">The type found, if the name is known.</param>
    public static bool TryParseFloat(string name, out ElementType type)
    {
        const string prefix = "torch.";
        string bare = name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? name[prefix.Length..] : name;
        int found = Array.FindIndex(Table, row => row.Names.Contains(bare, StringComparer.OrdinalIgnoreCase));
        type = (ElementType)Math.Max(0, found);
        return found >= 0;
    }

    private static Row Float(string safetensors, string torch, int bits, params string[] shortNames) =>
        new(safetensors, torch, bits, IsFloat: true, [safetensors, torch, .. shortNames]);

    private static Row Opaque(string safetensors, string torch, int bits) => new(safetensors, torch, bits, IsFloat: false, []);

    private sealed record Row(string Safetensors, string Torch, int Bits, bool IsFloat, string[] Names);
}
