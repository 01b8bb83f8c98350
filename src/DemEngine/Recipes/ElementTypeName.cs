namespace DemEngine.Recipes;

/// <summary>The element types that a recipe may name, under the names people use for them.</summary>
internal static class ElementTypeName
{
    private static readonly Dictionary<string, string> Canonical = new(StringComparer.OrdinalIgnoreCase)
    {
        ["float64"] = "float64",
        ["f64"] = "float64",
        ["fp64"] = "float64",
        ["double"] = "float64",
        ["float32"] = "float32",
        ["f32"] = "float32",
        ["fp32"] = "float32",
        ["float"] = "float32",
        ["bfloat16"] = "bfloat16",
        ["bf16"] = "bfloat16",
        ["float16"] = "float16",
        ["f16"] = "float16",
        ["fp16"] = "float16",
        ["half"] = "float16",
        ["float8_e4m3fn"] = "float8_e4m3fn",
        ["float8_e4m3"] = "float8_e4m3fn",
        ["f8_e4m3"] = "float8_e4m3fn",
        ["float8_e5m2"] = "float8_e5m2",
        ["f8_e5m2"] = "float8_e5m2",
    };

    /// <summary>The canonical names, widest first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Canonical.Values.Distinct()];

    /// <summary>The canonical lower-case name, or null for an unknown one. A leading <c>torch.</c> is allowed.</summary>
    public static string? Normalize(string name)
    {
        const string Prefix = "torch.";
        string bare = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        return Canonical.GetValueOrDefault(bare);
    }
}
