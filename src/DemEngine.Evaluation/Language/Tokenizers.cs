namespace DemEngine.Evaluation.Language;

/// <summary>Finds the tokenizer that belongs to a model.</summary>
public static class Tokenizers
{
    private static readonly string[] Files = ["tokenizer.json", "tokenizer.model"];

    /// <summary>
    /// Returns the tokenizer of a model in a folder: its own if there are files of one, or the byte-level one if there are none
    /// and the vocabulary is large enough for it. Otherwise it returns a tokenizer that refuses text and says why, since data
    /// given as token ids needs none.
    /// </summary>
    /// <param name="folder">Folder of the model.</param>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="reader">Reader of models' own tokenizers; null where models are known to have none.</param>
    public static ITokenizer Of(string folder, LlamaConfig config, ITokenizerReader? reader)
    {
        if (Files.FirstOrDefault(file => File.Exists(Path.Combine(folder, file))) is { } there)
            return Read(Path.Combine(folder, there), config, reader);

        int needed = ByteTokenizer.Instance.VocabularySize;
        return config.VocabularySize >= needed
            ? ByteTokenizer.Instance
            : Refusing(
                config,
                $"{folder}: there is no tokenizer, and a vocabulary of {config.VocabularySize} has no room for "
                + $"the byte-level one's {needed} ids");
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

    private static UnreadableTokenizer Refusing(LlamaConfig config, string reason) =>
        new(config, new DemException(ErrorCode.NoTokenizer, reason));
}
