using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>Numbers of rows of an output whose vocabulary is not the base's.</summary>
/// <param name="Rows">Number of rows of the vocabulary.</param>
/// <param name="PerLayer">Number of rows of Gemma's embedding for each layer; null if there is none.</param>
/// <param name="Tensors">Names of the tensors that have these rows.</param>
internal sealed record VocabularyRows(long Rows, long? PerLayer, IReadOnlyCollection<string> Tensors)
{
    /// <summary>States the numbers in the configuration among the base's side files.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="before">The base's side files, unchanged, with the tokenizer that its configuration goes with.</param>
    public void StateIn(Dictionary<string, byte[]> files, IReadOnlyDictionary<string, byte[]> before) =>
        VocabularySizes.State(files, Rows, PerLayer, Tensors, () => VocabularyReader.TryRead(before, "")?.Size);
}
