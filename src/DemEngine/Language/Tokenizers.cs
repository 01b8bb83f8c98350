namespace DemEngine.Language;

/// <summary>Which tokenizer belongs to a model.</summary>
public static class Tokenizers
{
    private static readonly string[] Files = ["tokenizer.json", "tokenizer.model"];

    /// <summary>
    /// The tokenizer of a model in a folder: byte-level for a model without tokenizer files whose vocabulary has room for it, otherwise one
    /// that refuses text and says why.
    /// </summary>
    /// <param name="folder">The model's.</param>
    /// <param name="config">The model's.</param>
    public static ITokenizer Of(string folder, LlamaConfig config)
    {
        if (Files.FirstOrDefault(file => File.Exists(Path.Combine(folder, file))) is { } there)
            return new UnreadableTokenizer(config, $"{Path.Combine(folder, there)}: this build has a byte-level tokenizer only");

        int needed = ByteTokenizer.Instance.VocabularySize;
        return config.VocabularySize >= needed
            ? ByteTokenizer.Instance
            : new UnreadableTokenizer(
                config, $"{folder}: there is no tokenizer, and a vocabulary of {config.VocabularySize} has no room for the byte-level one's {needed} ids");
    }
}
