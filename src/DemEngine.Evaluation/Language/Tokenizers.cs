namespace DemEngine.Evaluation.Language;

/// <summary>Which tokenizer belongs to a model.</summary>
public static class Tokenizers
{
    private static readonly string[] Files = ["tokenizer.json", "tokenizer.model"];

    /// <summary>
    /// The tokenizer of a model in a folder: its own where it has files of one; byte-level for a model without them whose vocabulary has room for it;
    /// otherwise one that refuses text and says why, since data given as token ids needs none.
    /// </summary>
    /// <param name="folder">The model's.</param>
    /// <param name="config">The model's.</param>
    /// <param name="reader">Reads a model's own tokenizer; null where models are known to have none.</param>
    public static ITokenizer Of(string folder, LlamaConfig config, ITokenizerReader? reader)
    {
        if (Files.FirstOrDefault(file => File.Exists(Path.Combine(folder, file))) is { } there)
            return Read(Path.Combine(folder, there), config, reader);

        int needed = ByteTokenizer.Instance.VocabularySize;
        return config.VocabularySize >= needed
            ? ByteTokenizer.Instance
            : Refusing(config, $"{folder}: there is no tokenizer, and a vocabulary of {config.VocabularySize} has no room for the byte-level one's {needed} ids");
    }

    private static ITokenizer Read(string file, LlamaConfig config, ITokenizerReader? reader)
    {
        if (reader is null)
            return Refusing(config, $"{file}: only models with the byte-level tokenizer can be used here");
        try
        {
            return reader.Read(file, config);
        }
        catch (DemException e)
        {
            return new UnreadableTokenizer(config, e);
        }
    }

    private static UnreadableTokenizer Refusing(LlamaConfig config, string reason) => new(config, new DemException(ErrorCode.NoTokenizer, reason));
}
