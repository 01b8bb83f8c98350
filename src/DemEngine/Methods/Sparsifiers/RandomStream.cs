using System.IO.Hashing;
using System.Text;
using DemEngine.Methods.Definition;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Which random words decide about a source's differences in one tensor.</summary>
internal static class RandomStream
{
    /// <summary>2³², of which a threshold is a share.</summary>
    public const double One = 4294967296;

    public static MethodParameter Parameter { get; } =
        new("seed", ParameterType.Integer, PerModel: false, "which random numbers are drawn; 0");

    /// <summary>The key of the stream: by the seed, the tensor's name and the source's place in the recipe.</summary>
    public static ulong Of(TensorContext question, int source) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"keep {source} of {question.Tensor}"), question.Integer("seed", 0));
}
