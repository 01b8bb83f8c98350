using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Numerics.Quantized.Blocks;
using DemEngine.Recipes;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// A form in which GGUF files are written: which type each tensor has, as <c>llama-quantize</c> chooses. A new one is a line of
/// <see cref="All"/>.
/// </summary>
/// <param name="Name">Name in recipes.</param>
/// <param name="FileType">Value of <c>general.file_type</c>.</param>
/// <param name="Matrix">Type of matrices.</param>
/// <param name="Output">Type of the matrix that gives the logits.</param>
internal sealed record GgufForm(string Name, uint FileType, BlockEncoder Matrix, BlockEncoder Output)
{
    // llama-quantize has Q6_K for the output of a Q4_0 file; Q8_0 is more exact, and larger.
    private static readonly ImmutableArray<GgufForm> All =
    [
        new(OutputForms.GgufQ80, 7, BlockEncoder.Q80, BlockEncoder.Q80),
        new(OutputForms.GgufQ40, 2, BlockEncoder.Q40, BlockEncoder.Q80),
        new(OutputForms.GgufBF16, 32, BlockEncoder.BF16, BlockEncoder.BF16),
        new(OutputForms.GgufF16, 1, BlockEncoder.F16, BlockEncoder.F16),
    ];

    /// <summary>Finds a form by its name.</summary>
    public static GgufForm Of(string name) => All.First(form => form.Name == name);

    /// <summary>
    /// Chooses the type of a tensor: F32 for norms and vectors, and F16 for a matrix whose rows are no whole blocks.
    /// </summary>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="isNorm">Whether it is the weight of a norm.</param>
    /// <param name="isOutput">Whether it gives the logits: the output matrix, or the embedding that stands in for it.</param>
    public BlockEncoder TypeOf(TensorShape shape, bool isNorm, bool isOutput)
    {
        if (isNorm || shape.Dimensions.Length < 2)
            return BlockEncoder.F32;
        BlockEncoder type = isOutput ? Output : Matrix;
        return shape.Dimensions[^1] % type.Elements == 0 ? type : BlockEncoder.F16;
    }
}
