using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Evaluation.Records;
using DemEngine.Files;

namespace DemEngine.Evaluation.Language;

/// <summary>The result of parsing one line.</summary>
/// <param name="Examples">Examples of the line: one, several if a long text was divided, or none for an empty text.</param>
/// <param name="Question">Question that the line asks; null if it is not of that form.</param>
/// <param name="HasPrompt">Whether the line gives a prompt and its completion.</param>
internal sealed record DataLine(ImmutableArray<Example> Examples, Question? Question, bool HasPrompt)
{
    /// <summary>Form of the line.</summary>
    public DataForm Form { get; init; }
}

/// <summary>
/// Parses one row of a data set, from JSON to tokens, in the forms that <see cref="DataSetReader"/> describes.
/// </summary>
internal sealed class DataLineParser
{
    private readonly DataReading _reading;
    private readonly ITokenizer _tokenizer;
    private readonly LlamaConfig _config;
    private readonly Lazy<ChatExamples?> _chats;
    private readonly ImmutableArray<int> _begin;

    public DataLineParser(DataReading reading)
    {
        _reading = reading;
        _tokenizer = reading.Tokenizer;
        _config = reading.Config;
        _chats = new Lazy<ChatExamples?>(() =>
            reading.Chats.Value is { } template ? new ChatExamples(template, reading.Tokenizer) : null);
        _begin = _tokenizer.BeginOfText is { } id ? [id] : [];
    }

    private int Longest => Math.Min(_reading.MaxLength ?? int.MaxValue, _config.MaxPositions);

    /// <exception cref="DemException">
    /// DEM2112, DEM2114, DEM2115 (BadDataLine, ExampleTooLong, TokenOutOfRange), the tokenizer's errors, and those of chats, each
    /// with the row's place.
    /// </exception>
    public DataLine Parse(DataRow row)
    {
        string place = row.Place;
        try
        {
            using var document = StrictJson.ParseDocument(row.Json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad(place, "not a JSON object");
            DataForm form = FormOf(root, place);
            return Parse(form, root, place) with { Form = form };
        }
        catch (FormatException e)
        {
            throw new DemException(ErrorCode.BadDataLine, $"{place}: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DemException(ErrorCode.BadDataLine, $"{place}: not valid JSON: {JsonFault.Describe(e)}", e);
        }
    }

    private DataForm FormOf(JsonElement root, string place)
    {
        ImmutableArray<DataForm> forms = DataForms.Of(root);
        if (_reading.Form is { } wanted)
            return forms.Contains(wanted)
                ? wanted
                : throw Bad(place, $"it has not the keys of the form {wanted.ToString().ToLowerInvariant()}");
        return forms switch
        {
            [var one] => one,
            [] => throw Bad(place, $"it must have {DataForms.Known}"),
            _ => throw new DemException(
                ErrorCode.BadDataLine,
                $"{place}: it has the keys of several forms: {string.Join(", ", forms).ToLowerInvariant()}",
                remedy: "Name the form that is meant."),
        };
    }

    private DataLine Parse(DataForm form, JsonElement root, string place)
    {
        switch (form)
        {
            case DataForm.Text:
                return Text(root, place);
            case DataForm.Completion when root.GetProperty("prompt").ValueKind == JsonValueKind.Array:
                return Chat(Messages.OfPrompt(root), place);
            case DataForm.Completion:
                return Completion(String(root, "prompt", place), String(root, "completion", place), place);
            case DataForm.Choices:
                return Choices(root, place);
            case DataForm.Tokens:
                return Tokens(root, place);
            case DataForm.Chat:
                return Chat(Messages.OfMessages(root, root.GetProperty("messages"), "messages"), place);
            case DataForm.ShareGpt:
                var (key, turns) = DataForms.First(root, "conversations", "conversation")!.Value;
                return Chat(Messages.OfShareGpt(root, turns, key), place);
            default:
                return _chats.Value is null ? Alpaca(root, place) : Chat(Messages.OfAlpaca(root), place);
        }
    }

    private DataLine Chat(Chat chat, string place)
    {
        if (_chats.Value is not { } template)
            throw new DemException(ErrorCode.NoChatTemplate, $"{place}: this is a chat, and the model has no template for chats");
        ImmutableArray<Example> examples;
        try
        {
            examples = template.Of(chat);
        }
        catch (DemException e)
        {
            throw new DemException(e.Code, $"{place}: {e.Message}", e, e.Remedy) { Path = e.Path, Line = e.Line };
        }

        return new DataLine([.. examples.SelectMany(one => Fit(one, place))], null, HasPrompt: chat.Learnt.Length == 1);
    }

    /// <summary>
    /// The text that Alpaca's models were trained on (Taori et al., "Stanford Alpaca",
    /// https://github.com/tatsu-lab/stanford_alpaca, "Data Release").
    /// </summary>
    private DataLine Alpaca(JsonElement root, string place)
    {
        var (instruction, input, output) = Messages.Alpaca(root);
        string prompt = input.Length > 0
            ? "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.\n\n"
                + $"### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
            : "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
                + $"### Instruction:\n{instruction}\n\n### Response:\n";
        return Completion(prompt, output, place);
    }

    private DataLine Text(JsonElement root, string place)
    {
        ImmutableArray<int> tokens = [.. _begin, .. Encode(String(root, "text", place), place), _tokenizer.EndOfText];
        var pieces = ImmutableArray.CreateBuilder<Example>();
        for (int start = 0; start < tokens.Length - 1; start += Longest - 1)
            pieces.Add(Make(tokens.Slice(start, Math.Min(Longest, tokens.Length - start)), 1, place));
        return new DataLine(pieces.DrainToImmutable(), null, HasPrompt: false);
    }

    private DataLine Completion(string before, string after, string place)
    {
        ImmutableArray<int> prompt = Prompt(before, place);
        ImmutableArray<int> completion = Encode(after, place);
        var example = new Example([.. prompt, .. completion, _tokenizer.EndOfText], prompt.Length);
        return new DataLine(Fit(example, place), null, HasPrompt: true);
    }

    private DataLine Choices(JsonElement root, string place)
    {
        ImmutableArray<int> prompt = Prompt(String(root, "prompt", place), place);
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
        return new DataLine(Fit(new Example(tokens.DrainToImmutable(), from), place), null, hasPrompt);
    }

    private ImmutableArray<int> Prompt(string text, string place)
    {
        ImmutableArray<int> prompt = [.. _begin, .. Encode(text, place)];
        return prompt.Length > 0
            ? prompt
            : throw Bad(place, "\"prompt\" is empty, and the tokenizer has no token that begins a text");
    }

    private Example Make(ImmutableArray<int> tokens, int firstTarget, string place) =>
        Checked(new Example(tokens, firstTarget), place);

    // Cuts an example to the length that is asked for; nothing is left of one whose targets all lie behind.
    private ImmutableArray<Example> Fit(Example example, string place)
    {
        Example? cut = _reading.MaxLength is { } longest ? example.Cut(longest) : example;
        return cut is null ? [] : [Checked(cut, place)];
    }

    private Example Checked(Example example, string place)
    {
        if (example.Tokens.Length > _config.MaxPositions)
            throw new DemException(
                ErrorCode.ExampleTooLong, $"{place}: {example.Tokens.Length} tokens, and the model takes {_config.MaxPositions}");
        foreach (int token in example.Tokens)
            CheckRange(token, place);
        return example;
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
