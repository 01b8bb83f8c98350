using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Reads JSON Lines: one object a line, blank lines passed over. Keys that belong to no form below are passed over too.
/// <list type="bullet">
/// <item><c>{"text": "…"}</c>: all of it is predicted. A text longer than the model's longest sequence is cut, each piece starting with the
/// last token of the one before, so that every token is predicted once.</item>
/// <item><c>{"prompt": "…", "completion": "…"}</c>: the completion is predicted, and the end of text after it.</item>
/// <item><c>{"prompt": "…", "choices": ["…", …], "answer": k}</c>: which of the choices is likeliest after the prompt; k counts from 0.</item>
/// <item><c>{"tokens": [id, …]}</c>, with <c>"loss_from": n</c> if token n is the first to be predicted: taken as it is, nothing is added.</item>
/// </list>
/// Begin and end of text are added as the tokenizer says.
/// </summary>
public static class DataSetReader
{
    /// <summary>Reads a file.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="config">Of the model: bounds ids and lengths.</param>
    /// <exception cref="DemException">DEM2023, DEM2104, DEM2105: text that cannot be encoded here. DEM2111 to DEM2115: the file or a line of it is not as it should be.</exception>
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
                throw new DemException(ErrorCode.BadDataLine, $"{path}:{number}: a set is of questions with choices throughout, or has none");
        }

        if (examples.Count == 0)
            throw new DemException(ErrorCode.EmptyDataSet, $"{path}: there is no example in it");
        return new DataSet(name, examples.DrainToImmutable(), questions.DrainToImmutable(), hasPrompts);
    }
}
