using DemEngine.Merging.Inputs;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>A model of a recipe, with its vocabulary.</summary>
/// <param name="Name">Name of the model in the recipe.</param>
/// <param name="Tensors">Tensors of the model, with rows in the order of its own token ids.</param>
/// <param name="Vocabulary">
/// Tokens of the model that have a row; those of the base where the model has no tokenizer.
/// </param>
/// <param name="Rows">Number of rows of the model's vocabulary, without those that a single table has beyond it.</param>
/// <param name="IsVector">Whether the model's rows are differences from the base, which no other model can use.</param>
internal sealed record TokenModel(string Name, InputModel Tensors, Vocabulary Vocabulary, long Rows, bool IsVector)
{
    /// <summary>Returns the row of a token in one of the model's tensors, or null if there is none.</summary>
    public int? RowOf(string token, TensorReader tensor, TokenTable table) =>
        Vocabulary.Find(token) is { } id && id < table.TokensOf(tensor) ? id : null;
}
