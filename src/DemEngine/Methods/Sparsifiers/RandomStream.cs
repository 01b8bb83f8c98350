using System.IO.Hashing;
using System.Text;
using DemEngine.Methods.Definition;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Stream of random words that decides which of a source's differences in one tensor are kept.</summary>
internal static class RandomStream
{
    /// <summary>Number 2³², which stands for probability 1: a word below p·2³² keeps its difference with probability p.</summary>
    public const double One = 4294967296;

    public static MethodParameter Parameter { get; } =
        new("seed", ParameterType.Integer, PerModel: false, "which random numbers are drawn; 0");

    /// <summary>
    /// Computes the key of the stream from the seed, the tensor's name and the index of the source in the recipe.
    /// </summary>
    public static ulong Of(TensorContext question, int source) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"keep {source} of {question.Tensor}"), question.Integer("seed", 0));
}
