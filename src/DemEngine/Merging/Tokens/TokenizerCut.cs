using DemEngine.Errors;
using DemEngine.Recipes;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>Cuts the base's tokenizer where the output keeps fewer rows than the base has.</summary>
internal static class TokenizerCut
{
    /// <summary>Removes the tokens that have no row in the output.</summary>
    /// <param name="files">Side files of the output, by name.</param>
    /// <param name="rows">Rows of the output; null if they are the base's.</param>
    /// <param name="baseModel">Model that the files are from.</param>
    /// <returns>What was removed, in words.</returns>
    /// <exception cref="DemException">DEM3007 (UnsupportedFeature): the tokenizer cannot be cut.</exception>
    public static IReadOnlyList<string> Apply(Dictionary<string, byte[]> files, VocabularyRows? rows, ModelPath baseModel)
    {
        if (rows is null || !VocabularyReader.HasAny(files))
            return [];
        Vocabulary? before = VocabularyReader.TryRead(files, baseModel.Written);
        if (before?.Size <= rows.Rows)
            return [];
        if (before is null || !files.TryGetValue(TokenizerFile.FileName, out byte[]? json))
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"{baseModel.Written}: the output has {rows.Rows} rows, and tokens beyond them can be taken from the tokenizer "
                + $"only if it is a {TokenizerFile.FileName} that can be read",
                remedy: $"{VocabularyReader.MakeTokenizer(baseModel.Written)}, or keep the base's rows.");

        TokenizerFile tokenizer = TokenizerFile.Parse(json, baseModel.Written);
        IReadOnlyList<string> removed = tokenizer.CutTo((int)rows.Rows);
        return
        [
            $"{removed.Count} tokens of the base have no row in the output and are left out of its tokenizer: "
                + Quoted.List(removed),
            .. TokenizerSettings.Write(files, tokenizer, removed, baseModel.Written),
            .. TokenIds.Move(files, before, tokenizer.Vocabulary, baseModel.Written),
        ];
    }
}
