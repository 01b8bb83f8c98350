namespace DemEngine.Recipes;

/// <summary>Names of the quantised forms that <c>out_dtype</c> takes beside element types.</summary>
internal static class OutputForms
{
    /// <summary>FP8 E4M3 with a scale for each block of 128 × 128, for transformers and vLLM.</summary>
    public const string Fp8Block = "fp8_block";

    /// <summary>FP8 E4M3 with a scale for each tensor, for ComfyUI.</summary>
    public const string Fp8 = "fp8";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Fp8Block, Fp8];
}
