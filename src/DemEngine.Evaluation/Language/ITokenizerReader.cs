namespace DemEngine.Evaluation.Language;

/// <summary>Reads the tokenizers that checkpoints bring along. The engine itself knows bytes only.</summary>
public interface ITokenizerReader
{
    /// <summary>Reads a tokenizer.</summary>
    /// <param name="file">A <c>tokenizer.json</c> or <c>tokenizer.model</c>; files beside it may say more about it.</param>
    /// <param name="config">The model's: bounds the ids.</param>
    /// <exception cref="DemException">
    /// DEM2023: a file cannot be read. DEM2104: a kind of tokenizer that is not supported. DEM2105: the file is damaged.
    /// </exception>
    ITokenizer Read(string file, LlamaConfig config);
}
