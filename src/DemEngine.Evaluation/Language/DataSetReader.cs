using System.Collections.Immutable;
using DemEngine.Evaluation.Records;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Reads data sets: JSON Lines with one object on each line, a JSON array of objects, Parquet, or Arrow as a file or a stream.
/// Blank lines, and keys that belong to none of the forms below, are ignored.
/// <list type="bullet">
/// <item><c>{"text": "…"}</c>: the whole text is predicted. A text longer than the model's longest sequence is divided, each
/// piece starting with the last token of the one before, so that every token is predicted once.</item>
/// <item><c>{"prompt": "…", "completion": "…"}</c>: the completion and the end of text after it are predicted. Both may be lists
/// of messages.</item>
/// <item><c>{"messages": [{"role": "…", "content": "…"}, …]}</c>: a chat, by the model's template; what the assistant says is
/// predicted. <c>"tools"</c> beside it are given to the template, and a message with <c>"weight": 0</c> is not predicted.</item>
/// <item><c>{"conversations": [{"from": "…", "value": "…"}, …]}</c>: the same as ShareGPT has it.</item>
/// <item><c>{"instruction": "…", "input": "…", "output": "…"}</c>: the same as Alpaca has it; for a model without a template by
/// Alpaca's own text.</item>
/// <item><c>{"prompt": "…", "choices": ["…", …], "answer": k}</c>: the choices are compared by their likelihood after the prompt;
/// k is the index of the right one, counted from 0.</item>
/// <item><c>{"tokens": [id, …]}</c>, with <c>"loss_from": n</c> if token n is the first to be predicted: the ids are taken
/// unchanged and nothing is added.</item>
/// </list>
/// The tokens that begin and end a text are added as the tokenizer defines them, except to chats, where the template writes them.
/// </summary>
public static class DataSetReader
{
    /// <summary>Reads a data set without chats from a file.</summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="config">Configuration of the model, which bounds token ids and sequence lengths.</param>
    /// <exception cref="DemException">The errors of <see cref="Read(string, string, DataReading)"/>.</exception>
    public static DataSet Read(string name, string path, ITokenizer tokenizer, LlamaConfig config) =>
        Read(name, path, new DataReading(tokenizer, config));

    /// <summary>Reads a data set from a file.</summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="reading">What its rows are read with.</param>
    /// <exception cref="DemException">
    /// DEM2023, DEM2104, DEM2105 (BadSideFile, NoTokenizer, BadTokenizer): text cannot be encoded. DEM2080 to DEM2084
    /// (BadChatTemplate, ChatRefused, NoChatTemplate, BadDataFile, NothingSaid): a chat cannot become text, or the file is
    /// damaged. DEM2111 to DEM2115 (DataNotFound, BadDataLine, EmptyDataSet, ExampleTooLong, TokenOutOfRange): the file or a
    /// row of it is invalid.
    /// </exception>
    public static DataSet Read(string name, string path, DataReading reading)
    {
        var parser = new DataLineParser(reading);
        var examples = ImmutableArray.CreateBuilder<Example>();
        var questions = ImmutableArray.CreateBuilder<Question>();
        var forms = new SortedSet<DataForm>();
        bool hasPrompts = true;
        int rows = 0;
        foreach (DataRow row in DataFiles.Read(path))
        {
            DataLine parsed = Parse(parser, row, path);
            examples.AddRange(parsed.Examples);
            forms.Add(parsed.Form);
            if (parsed.Question is not null)
                questions.Add(parsed.Question);
            hasPrompts &= parsed.HasPrompt;
            rows++;
            if (questions.Count != 0 && questions.Count != rows)
                throw new DemException(
                    ErrorCode.BadDataLine, $"{row.Place}: a set is of questions with choices throughout, or has none")
                {
                    Path = path,
                    Line = row.Line,
                };
        }

        if (examples.Count == 0)
            throw new DemException(ErrorCode.EmptyDataSet, $"{path}: there is no example in it") { Path = path };
        return new DataSet(name, examples.DrainToImmutable(), questions.DrainToImmutable(), hasPrompts)
        {
            Rows = rows,
            Forms = [.. forms],
            ChatTemplate = reading.Chats.IsValueCreated ? reading.Chats.Value?.Name : null,
        };
    }

    private static DataLine Parse(DataLineParser parser, DataRow row, string path)
    {
        try
        {
            return parser.Parse(row);
        }
        catch (DemException e) when (e.Path is null)
        {
            // The parser knows the row as the message names it, and not the file.
            throw new DemException(e.Code, e.Message, e, e.Remedy) { Path = path, Line = row.Line };
        }
    }
}
