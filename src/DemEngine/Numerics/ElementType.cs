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
}

/// <summary>Sizes and names of each <see cref="ElementType"/>, and lookup by those names.</summary>
public static class ElementTypes
{
    private static readonly (ElementType Type, string Safetensors, string Torch, int Size)[] Table =
    [
        (ElementType.Bool, "BOOL", "bool", 1),
        (ElementType.U8, "U8", "uint8", 1),
        (ElementType.I8, "I8", "int8", 1),
        (ElementType.U16, "U16", "uint16", 2),
        (ElementType.I16, "I16", "int16", 2),
        (ElementType.U32, "U32", "uint32", 4),
        (ElementType.I32, "I32", "int32", 4),
        (ElementType.U64, "U64", "uint64", 8),
        (ElementType.I64, "I64", "int64", 8),
        (ElementType.F8E4M3, "F8_E4M3", "float8_e4m3fn", 1),
        (ElementType.F8E5M2, "F8_E5M2", "float8_e5m2", 1),
        (ElementType.F16, "F16", "float16", 2),
        (ElementType.BF16, "BF16", "bfloat16", 2),
        (ElementType.F32, "F32", "float32", 4),
        (ElementType.F64, "F64", "float64", 8),
    ];

    extension(ElementType type)
    {
        /// <summary>Size of an element in bytes.</summary>
        public int Size => Table[(int)type].Size;

        /// <summary>Name of the type in a safetensors header, such as <c>BF16</c>.</summary>
        public string SafetensorsName => Table[(int)type].Safetensors;

        /// <summary>Name of the type in PyTorch and in <c>config.json</c>, such as <c>bfloat16</c>.</summary>
        public string TorchName => Table[(int)type].Torch;

        /// <summary>Whether this is a floating-point type. Floating-point tensors are merged, others are carried over.</summary>
        public bool IsFloat => type >= ElementType.F8E4M3;
    }

    /// <summary>Finds the type that a safetensors header names.</summary>
    /// <param name="name">Name in a safetensors header, such as <c>F8_E4M3</c>; case-sensitive.</param>
    /// <param name="type">The type found, if the name is known.</param>
    public static bool TryParseSafetensors(ReadOnlySpan<char> name, out ElementType type)
    {
        foreach (var row in Table)
        {
            if (name.SequenceEqual(row.Safetensors))
            {
                type = row.Type;
                return true;
            }
        }

        type = default;
        return false;
    }

    /// <summary>PyTorch's names of the floating-point types, widest first.</summary>
    public static IReadOnlyList<string> FloatNames { get; } =
        [.. Table.Where(row => row.Type.IsFloat).OrderByDescending(row => row.Size).Select(row => row.Torch)];

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
        ElementType? found = bare.ToLowerInvariant() switch
        {
            "float64" or "f64" or "fp64" or "double" => ElementType.F64,
            "float32" or "f32" or "fp32" or "float" => ElementType.F32,
            "bfloat16" or "bf16" => ElementType.BF16,
            "float16" or "f16" or "fp16" or "half" => ElementType.F16,
            "float8_e4m3fn" or "float8_e4m3" or "f8_e4m3" or "f8_e4m3fn" => ElementType.F8E4M3,
            "float8_e5m2" or "f8_e5m2" => ElementType.F8E5M2,
            _ => null,
        };
        type = found ?? default;
        return found is not null;
    }
}
