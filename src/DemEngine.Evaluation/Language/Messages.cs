using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Evaluation.Chats;
using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Language;

/// <summary>A chat as a template takes it.</summary>
/// <param name="Turns">Messages, each a mapping with <c>role</c> and <c>content</c>.</param>
/// <param name="Learnt">Indices of the messages that are predicted.</param>
/// <param name="Tools">Tools that the assistant may call, a list; null for none.</param>
internal sealed record Chat(ImmutableArray<Mapping> Turns, ImmutableArray<int> Learnt, object? Tools);

/// <summary>Reads chats from the forms that data have them in. Errors are without the row's place.</summary>
internal static class Messages
{
    private const string Assistant = "assistant";

    // The names that data sets in ShareGPT's form have in use.
    private static readonly Dictionary<string, string> Roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["system"] = "system",
        ["human"] = "user",
        ["user"] = "user",
        ["gpt"] = Assistant,
        ["chatgpt"] = Assistant,
        ["assistant"] = Assistant,
        ["model"] = Assistant,
        ["bot"] = Assistant,
        ["function_call"] = Assistant,
        ["tool"] = "tool",
        ["observation"] = "tool",
        ["function_response"] = "tool",
    };

    /// <summary>Reads <c>messages</c>; those of the assistant are predicted, unless their <c>weight</c> is 0.</summary>
    /// <exception cref="FormatException">The row is not of that form.</exception>
    public static Chat OfMessages(JsonElement row, JsonElement messages, string key) =>
        Make(row, [.. Items(messages, key).Select((item, k) => Message(item, $"{key}[{k}]"))], 0);

    /// <summary>Reads a prompt and a completion that are both lists of messages; only the latter's are predicted.</summary>
    /// <exception cref="FormatException">The row is not of that form.</exception>
    public static Chat OfPrompt(JsonElement row)
    {
        Mapping[] prompt = [.. Items(row.GetProperty("prompt"), "prompt").Select((item, k) => Message(item, $"prompt[{k}]"))];
        var completion = Items(row.GetProperty("completion"), "completion")
            .Select((item, k) => Message(item, $"completion[{k}]"));
        return Make(row, [.. prompt, .. completion], prompt.Length);
    }

    /// <summary>Reads <c>conversations</c> of <c>from</c> and <c>value</c>, after <c>system</c> where the row has that.</summary>
    /// <exception cref="FormatException">The row is not of that form.</exception>
    public static Chat OfShareGpt(JsonElement row, JsonElement turns, string key)
    {
        JsonElement[] items = [.. Items(turns, key)];
        bool hasRoles = items is [{ ValueKind: JsonValueKind.Object } first, ..]
            && !DataForms.Has(first, "from")
            && DataForms.Has(first, "role");
        if (hasRoles)
            return OfMessages(row, turns, key);
        var messages = ImmutableArray.CreateBuilder<Mapping>();
        if (DataForms.Has(row, "system"))
            messages.Add(Message("system", Text(row, "system", "")));
        for (int k = 0; k < items.Length; k++)
        {
            string place = $"{key}[{k}]";
            string from = Text(items[k], "from", place);
            if (!Roles.TryGetValue(from, out string? role))
                throw new FormatException($"{place}: \"from\" is {Quoted.Name(from)}; known are {Quoted.List(Roles.Keys)}");
            messages.Add(Message(role, Text(items[k], "value", place)));
        }

        return Make(row, messages.DrainToImmutable(), 0);
    }

    /// <summary>Reads <c>instruction</c>, <c>input</c> and <c>output</c> as a question and its answer.</summary>
    /// <exception cref="FormatException">The row is not of that form.</exception>
    public static Chat OfAlpaca(JsonElement row)
    {
        var (instruction, input, output) = Alpaca(row);
        var turns = ImmutableArray.CreateBuilder<Mapping>();
        if (DataForms.Has(row, "system"))
            turns.Add(Message("system", Text(row, "system", "")));
        turns.Add(Message("user", input.Length > 0 ? $"{instruction}\n\n{input}" : instruction));
        turns.Add(Message(Assistant, output));
        return Make(row, turns.DrainToImmutable(), 0);
    }

    /// <summary>The texts of a row in Alpaca's form; the input may be absent, and is then empty.</summary>
    /// <exception cref="FormatException">The row is not of that form.</exception>
    public static (string Instruction, string Input, string Output) Alpaca(JsonElement row) => (
        Text(row, "instruction", ""), DataForms.Has(row, "input") ? Text(row, "input", "") : "", Text(row, "output", ""));

    private static Chat Make(JsonElement row, ImmutableArray<Mapping> turns, int first)
    {
        var learnt = ImmutableArray.CreateBuilder<int>();
        for (int k = first; k < turns.Length; k++)
        {
            if (!turns[k].TryGetValue("role", out object? role) || role is not Assistant)
                continue;
            if (!turns[k].TryGetValue("weight", out object? weight) || Values.Holds(weight))
                learnt.Add(k);
        }

        return new Chat(turns, learnt.DrainToImmutable(), Tools(row));
    }

    private static IEnumerable<JsonElement> Items(JsonElement list, string key) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            ? list.EnumerateArray()
            : throw new FormatException($"\"{key}\" is not a list of at least one message");

    private static Mapping Message(JsonElement item, string place)
    {
        Text(item, "role", place);
        var message = (Mapping)JsonValue.Of(item)!;
        if (message.TryGetValue("content", out object? content) && content is not (null or string or List<object?>))
            throw new FormatException($"{place}: \"content\" is neither a text nor a list of parts");
        return message;
    }

    private static Mapping Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static string Text(JsonElement owner, string key, string place)
    {
        string where = place.Length > 0 ? $"{place}: " : "";
        if (owner.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{where}not an object");
        return owner.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"{where}there is no text \"{key}\"");
    }

    // Column formats, whose columns have one type, have tools as the text of a list.
    private static object? Tools(JsonElement row)
    {
        if (!DataForms.Has(row, "tools"))
            return null;
        JsonElement tools = row.GetProperty("tools");
        if (tools.ValueKind == JsonValueKind.String)
        {
            string text = tools.GetString()!;
            if (string.IsNullOrWhiteSpace(text))
                return null;
            using JsonDocument document = JsonDocument.Parse(text);
            return JsonValue.Of(document.RootElement) is List<object?> { Count: > 0 } parsed ? parsed : null;
        }

        return JsonValue.Of(tools) is List<object?> { Count: > 0 } list ? list : null;
    }
}
