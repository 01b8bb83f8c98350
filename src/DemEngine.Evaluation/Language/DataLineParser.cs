using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Evaluation.Language;

/// <summary>The result of parsing one line.</summary>
/// <param name="Examples">Examples of the line: one, several if a long text was divided, or none for an empty text.</param>
/// <param name="Question">Question that the line asks; null if it is not of that form.</param>
/// <param name="HasPrompt">Whether the line gives a prompt and its completion.</param>
internal sealed record DataLine(ImmutableArray<Example> Examples, Question? Question, bool HasPrompt);

/// <summary>
/// Parses one line of a data set, from JSON to tokens, in the forms that <see cref="DataSetReader"/> describes.
/// </summary>
internal sealed class DataLineParser
{
    private readonly ITokenizer _tokenizer;
    private readonly LlamaConfig _config;
    private readonly ImmutableArray<int> _begin;

    public DataLineParser(ITokenizer tokenizer, LlamaConfig config)
    {
        _tokenizer = tokenizer;
        _config = config;
        _begin = tokenizer.BeginOfText is { } id ? [id] : [];
    }

    /// <exception cref="DemException">
    /// DEM2112, DEM2114, DEM2115 (BadDataLine, ExampleTooLong, TokenOutOfRange), and the tokenizer's errors, each with the line's
    /// location.
    /// </exception>
    public DataLine Parse(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = StrictJson.ParseDocument(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad(place, "not a JSON object");
            bool Has(string key) => root.TryGetProperty(key, out _);
            return (Has("text"), Has("prompt"), Has("completion"), Has("choices"), Has("tokens")) switch
            {
                (true, false, false, false, false) => Text(root, place),
                (false, true, true, false, false) => Completion(root, place),
                (false, true, false, true, false) => Choices(root, place),
                (false, false, false, false, true) => Tokens(root, place),
                _ => throw Bad(
                    place,
                    "it must have \"text\", or \"prompt\" and \"completion\", or \"prompt\", \"choices\" and \"answer\", "
                    + "or \"tokens\", and only one of these"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DemException(ErrorCode.BadDataLine, $"{place}: not valid JSON: {JsonFault.Describe(e)}", e);
        }
    }

    private DataLine Text(JsonElement root, string place)
    {
        ImmutableArray<int> tokens = [.. _begin, .. Encode(String(root, "text", place), place), _tokenizer.EndOfText];
        var pieces = ImmutableArray.CreateBuilder<Example>();
        for (int start = 0; start < tokens.Length - 1; start += _config.MaxPositions - 1)
            pieces.Add(Make(tokens.Slice(start, Math.Min(_config.MaxPositions, tokens.Length - start)), 1, place));
        return new DataLine(pieces.DrainToImmutable(), null, HasPrompt: false);
    }

    private DataLine Completion(JsonElement root, string place)
    {
        ImmutableArray<int> prompt = Prompt(root, place);
        ImmutableArray<int> completion = Encode(String(root, "completion", place), place);
        return new DataLine(
            [Make([.. prompt, .. completion, _tokenizer.EndOfText], prompt.Length, place)], null, HasPrompt: true);
    }

    private DataLine Choices(JsonElement root, string place)
    {
        ImmutableArray<int> prompt = Prompt(root, place);
        JsonElement list = root.GetProperty("choices");
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() < 2)
            throw Bad(place, "\"choices\" is not a list of at least two");
        var choices = ImmutableArray.CreateBuilder<Example>();
        foreach (JsonElement choice in list.EnumerateArray())
        {
            ImmutableArray<int> tokens = choice.ValueKind == JsonValueKind.String ? Encode(choice.GetString()!, place) : [];
            if (tokens.Length == 0)
                throw Bad(place, "a choice is not a text, or is empty");
            choices.Add(Make([.. prompt, .. tokens], prompt.Length, place));
        }

        if (!root.TryGetProperty("answer", out JsonElement value) || value.ValueKind != JsonValueKind.Number
            || !value.TryGetInt32(out int answer) || answer < 0 || answer >= choices.Count)
        {
            throw Bad(place, $"\"answer\" is not a whole number from 0 to {choices.Count - 1}");
        }

        Example right = choices[answer];
        return new DataLine(
            [Make([.. right.Tokens, _tokenizer.EndOfText], right.FirstTarget, place)],
            new Question(choices.DrainToImmutable(), answer),
            HasPrompt: true);
    }

    private DataLine Tokens(JsonElement root, string place)
    {
        JsonElement list = root.GetProperty("tokens");
        if (list.ValueKind != JsonValueKind.Array)
            throw Bad(place, "\"tokens\" is not a list");
        var tokens = ImmutableArray.CreateBuilder<int>(list.GetArrayLength());
        foreach (JsonElement id in list.EnumerateArray())
            tokens.Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int token)
                ? token
                : throw Bad(place, "\"tokens\" holds something other than whole numbers"));
        if (tokens.Count < 2)
            throw Bad(place, "\"tokens\" has fewer than two ids, so that there is nothing to predict");

        int from = 1;
        bool hasPrompt = root.TryGetProperty("loss_from", out JsonElement value);
        if (hasPrompt
            && (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out from) || from < 1 || from >= tokens.Count))
            throw Bad(place, $"\"loss_from\" is not a whole number from 1 to {tokens.Count - 1}");
        return new DataLine([Make(tokens.DrainToImmutable(), from, place)], null, hasPrompt);
    }

    private ImmutableArray<int> Prompt(JsonElement root, string place)
    {
        ImmutableArray<int> prompt = [.. _begin, .. Encode(String(root, "prompt", place), place)];
        return prompt.Length > 0
            ? prompt
            : throw Bad(place, "\"prompt\" is empty, and the tokenizer has no token that begins a text");
    }

    private Example Make(ImmutableArray<int> tokens, int firstTarget, string place)
    {
        if (tokens.Length > _config.MaxPositions)
            throw new DemException(
                ErrorCode.ExampleTooLong, $"{place}: {tokens.Length} tokens, and the model takes {_config.MaxPositions}");
        foreach (int token in tokens)
            CheckRange(token, place);
        return new Example(tokens, firstTarget);
    }

    private ImmutableArray<int> Encode(string text, string place)
    {
        ImmutableArray<int> tokens;
        try
        {
            tokens = _tokenizer.Encode(text);
        }
        catch (DemException e)
        {
            throw new DemException(e.Code, $"{place}: text that cannot be encoded: {e.Message}", e);
        }

        foreach (int token in tokens)
            CheckRange(token, place);
        return tokens;
    }

    private void CheckRange(int token, string place)
    {
        if ((uint)token >= (uint)_config.VocabularySize)
            throw new DemException(
                ErrorCode.TokenOutOfRange,
                $"{place}: token id {token}, and the model's vocabulary has {_config.VocabularySize}");
    }

    private static string String(JsonElement root, string key, string place) =>
        root.GetProperty(key) is { ValueKind: JsonValueKind.String } text
            ? text.GetString()!
            : throw Bad(place, $"\"{key}\" is not a string");

    private static DemException Bad(string place, string what) => new(ErrorCode.BadDataLine, $"{place}: {what}");
}
