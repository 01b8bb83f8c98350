namespace DemEngine.Evaluation.Language;

/// <summary>Reads the tokenizers that come with checkpoints. The engine itself has only the byte-level one.</summary>
public interface ITokenizerReader
{
    /// <summary>Reads a tokenizer from its file.</summary>
    /// <param name="file">Path of a <c>tokenizer.json</c> or <c>tokenizer.model</c>; files beside it may supplement it.</param>
    /// <param name="config">Configuration of the model, which bounds the ids.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file cannot be read. DEM2104 (NoTokenizer): the kind of tokenizer is not supported. DEM2105
    /// (BadTokenizer): the file is damaged.
    /// </exception>
    ITokenizer Read(string file, LlamaConfig config);
}
