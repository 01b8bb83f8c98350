using DemEngine.Merging.Inputs;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>A model of a recipe with its vocabulary.</summary>
/// <param name="Name">As the recipe names it.</param>
/// <param name="Tensors">Its tensors, with rows in the order of its own ids.</param>
/// <param name="Vocabulary">Its tokens; the base's where it has no tokenizer.</param>
/// <param name="IsVector">Whether its rows are differences from the base, which no other model can use.</param>
internal sealed record TokenModel(string Name, InputModel Tensors, Vocabulary Vocabulary, bool IsVector)
{
    /// <summary>The row of a token in one of the model's tensors; null if it has none.</summary>
    public int? RowOf(string token, TensorReader tensor) =>
        Vocabulary.Find(token) is { } id && id < tensor.Spec.Shape.Rows ? id : null;
}
