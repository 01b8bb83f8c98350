namespace DemEngine.Recipes;

/// <summary>Names of the quantised forms and files that <c>out_dtype</c> takes beside element types.</summary>
internal static class OutputForms
{
    /// <summary>FP8 E4M3 with a scale for each block of 128 × 128, for transformers and vLLM.</summary>
    public const string Fp8Block = "fp8_block";

    /// <summary>FP8 E4M3 with a scale for each tensor, for ComfyUI.</summary>
    public const string Fp8 = "fp8";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q8_0.</summary>
    public const string GgufQ80 = "q8_0";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q4_0.</summary>
    public const string GgufQ40 = "q4_0";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q4_K, a few of them in Q5_K.</summary>
    public const string GgufQ4KS = "q4_k_s";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q4_K, half of the values and down projections in Q6_K.</summary>
    public const string GgufQ4KM = "q4_k_m";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q5_K.</summary>
    public const string GgufQ5KS = "q5_k_s";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q5_K, half of the values and down projections in Q6_K.</summary>
    public const string GgufQ5KM = "q5_k_m";

    /// <summary>A GGUF file of llama.cpp with its matrices in Q6_K.</summary>
    public const string GgufQ6K = "q6_k";

    /// <summary>A GGUF file of llama.cpp with its matrices in BF16.</summary>
    public const string GgufBF16 = "gguf_bf16";

    /// <summary>A GGUF file of llama.cpp with its matrices in F16.</summary>
    public const string GgufF16 = "gguf_f16";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Fp8Block, Fp8, .. Gguf];

    /// <summary>Whether a name is that of an output that is one GGUF file.</summary>
    public static bool IsGguf(string? name) => name is not null && Gguf.Contains(name);

    private static IEnumerable<string> Gguf =>
        [GgufQ80, GgufQ6K, GgufQ5KM, GgufQ5KS, GgufQ4KM, GgufQ4KS, GgufQ40, GgufBF16, GgufF16];
}
