using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Reads data sets in JSON Lines: one object on each line. Blank lines, and keys that belong to none of the forms below, are
/// ignored.
/// <list type="bullet">
/// <item><c>{"text": "…"}</c>: the whole text is predicted. A text longer than the model's longest sequence is divided, each
/// piece starting with the last token of the one before, so that every token is predicted once.</item>
/// <item><c>{"prompt": "…", "completion": "…"}</c>: the completion and the end of text after it are predicted.</item>
/// <item><c>{"prompt": "…", "choices": ["…", …], "answer": k}</c>: the choices are compared by their likelihood after the prompt;
/// k is the index of the right one, counted from 0.</item>
/// <item><c>{"tokens": [id, …]}</c>, with <c>"loss_from": n</c> if token n is the first to be predicted: the ids are taken
/// unchanged and nothing is added.</item>
/// </list>
/// The tokens that begin and end a text are added as the tokenizer defines them.
/// </summary>
public static class DataSetReader
{
    /// <summary>Reads a data set from a file.</summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="path">Path of the JSON Lines file.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="config">Configuration of the model, which bounds token ids and sequence lengths.</param>
    /// <exception cref="DemException">
    /// DEM2023, DEM2104, DEM2105 (BadSideFile, NoTokenizer, BadTokenizer): text cannot be encoded. DEM2111 to DEM2115
    /// (DataNotFound, BadDataLine, EmptyDataSet, ExampleTooLong, TokenOutOfRange): the file or a line of it is invalid.
    /// </exception>
    public static DataSet Read(string name, string path, ITokenizer tokenizer, LlamaConfig config)
    {
        var parser = new DataLineParser(tokenizer, config);
        var examples = ImmutableArray.CreateBuilder<Example>();
        var questions = ImmutableArray.CreateBuilder<Question>();
        bool hasPrompts = true;
        int lines = 0;
        foreach (var (number, line) in JsonLines.Read(path))
        {
            DataLine parsed = parser.Parse(line, $"{path}:{number}");
            examples.AddRange(parsed.Examples);
            if (parsed.Question is not null)
                questions.Add(parsed.Question);
            hasPrompts &= parsed.HasPrompt;
            lines++;
            if (questions.Count != 0 && questions.Count != lines)
                throw new DemException(
                    ErrorCode.BadDataLine, $"{path}:{number}: a set is of questions with choices throughout, or has none");
        }

        if (examples.Count == 0)
            throw new DemException(ErrorCode.EmptyDataSet, $"{path}: there is no example in it") { Path = path };
        return new DataSet(name, examples.DrainToImmutable(), questions.DrainToImmutable(), hasPrompts);
    }
}
