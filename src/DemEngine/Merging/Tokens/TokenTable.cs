using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Tokens;

/// <summary>A tensor that has a row, or a column, for each token.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Axis">Dimension that counts tokens.</param>
/// <param name="Extra">
/// Number of rows beyond those of the vocabulary, as Mllama's embedding has 8 for tokens that are never put out.
/// </param>
/// <param name="IsPerLayer">
/// Whether the tensor is Gemma's embedding for each layer, whose number of rows the configuration states separately.
/// </param>
internal sealed record TokenTable(string Name, TokenAxis Axis, long Extra, bool IsPerLayer)
{
    /// <summary>Number of tokens that a tensor of this table has entries for.</summary>
    public long TokensOf(TensorReader tensor) => Axis.Tokens(tensor.Spec.Shape);
}
