using System.Collections.Immutable;
using DemEngine.Evaluation.Chats;
using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Makes examples of chats, in which what the assistant says is predicted. Where the template does not mark that, a turn is what
/// the text with it has more than the text that asks for it: the template is written for the messages before, with the start of
/// the assistant's turn, and for the messages up to it.
/// </summary>
/// <param name="template">Template by which a chat becomes text.</param>
/// <param name="tokenizer">Tokenizer of the model.</param>
internal sealed class ChatExamples(ChatTemplate template, ITokenizer tokenizer)
{
    // A template may write something at the end of a chat that is not there between its turns, such as an end of text.
    private const int TokensAtEnd = 2;

    /// <summary>
    /// Makes the examples of a chat: one, or, where the template writes earlier turns in another way than the last one, one for
    /// each turn.
    /// </summary>
    /// <exception cref="DemException">
    /// DEM2080, DEM2081 (BadChatTemplate, ChatRefused): the template does not take the chat. DEM2084 (NothingSaid): it cannot be
    /// told what the assistant says. Also the errors of the tokenizer. None has the row's place.
    /// </exception>
    public ImmutableArray<Example> Of(Chat chat)
    {
        if (chat.Learnt.IsEmpty)
            throw Nothing("no message of the role assistant is to be predicted");
        TemplateWriter written = template.Render(chat.Turns, chat.Tools, prompts: false);
        string text = written.ToString();
        ImmutableArray<int> tokens = tokenizer.Encode(text);
        if (template.HasGeneration(chat.Tools is not null))
            return [Make(tokens, Marked(text, tokens, Learnt(written.Generated, chat)))];
        return Spans(chat, text, tokens) is { } spans
            ? [Make(tokens, spans)]
            : [.. chat.Learnt.Select(turn => OfTurn(chat, turn))];
    }

    // With as many marks as turns, those of turns that are not to be learnt are left out.
    private static ImmutableArray<TextSpan> Learnt(ImmutableArray<TextSpan> marks, Chat chat)
    {
        int[] assistants = [.. Enumerable.Range(0, chat.Turns.Length).Where(k => IsAssistant(chat.Turns[k]))];
        return marks.Length == assistants.Length
            ? [.. marks.Where((_, k) => chat.Learnt.Contains(assistants[k]))]
            : marks;
    }

    private static bool IsAssistant(Mapping turn) => turn.TryGetValue("role", out object? role) && role is "assistant";

    private List<(int First, int End)> Marked(string text, ImmutableArray<int> tokens, ImmutableArray<TextSpan> marks)
    {
        var spans = new List<(int, int)>();
        foreach (TextSpan mark in marks.Where(mark => mark.End > mark.First))
            spans.Add((TokensBefore(text[..mark.First], tokens), TokensThrough(text[..mark.End], tokens)));
        return spans;
    }

    // The spans of all turns in the tokens of the whole chat; null if the template writes a chat's earlier part in another way
    // than the same messages alone.
    private List<(int First, int End)>? Spans(Chat chat, string text, ImmutableArray<int> tokens)
    {
        var texts = chat.Learnt.Select(turn => (
            Turn: turn,
            Before: Rendered(chat, turn, prompts: true),
            Through: turn == chat.Turns.Length - 1 ? text : Rendered(chat, turn + 1, prompts: false))).ToArray();
        if (Cut(text, tokens, [.. texts.SelectMany(one => new[] { one.Before, one.Through })]) is { } exact)
            return [.. Enumerable.Range(0, texts.Length).Select(k => (exact[2 * k], exact[(2 * k) + 1]))];

        var spans = new List<(int, int)>();
        foreach (var (_, before, through) in texts)
        {
            ImmutableArray<int> prompt = tokenizer.Encode(before), said = tokenizer.Encode(through);
            int first = Common(prompt, tokens), end = Common(said, tokens);
            if (first < prompt.Length - 1 || end < said.Length - TokensAtEnd || end <= first)
                return null;
            spans.Add((first, end));
        }

        return spans;
    }

    // Where every text begins the whole, and encoding the parts between their ends gives the tokens of the whole, the ends lie
    // between tokens. This needs one more encoding, whatever the number of turns.
    private List<int>? Cut(string text, ImmutableArray<int> tokens, string[] starts)
    {
        var ends = new List<int>();
        var parts = new List<int>();
        int at = 0;
        foreach (string start in starts)
        {
            if (start.Length < at || !text.StartsWith(start, StringComparison.Ordinal))
                return null;
            parts.AddRange(tokenizer.Encode(text[at..start.Length]));
            ends.Add(parts.Count);
            at = start.Length;
        }

        parts.AddRange(tokenizer.Encode(text[at..]));
        return tokens.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(parts)) ? ends : null;
    }

    private Example OfTurn(Chat chat, int turn)
    {
        ImmutableArray<int> tokens = tokenizer.Encode(Rendered(chat, turn + 1, prompts: false));
        ImmutableArray<int> prompt = tokenizer.Encode(Rendered(chat, turn, prompts: true));
        int first = Common(prompt, tokens);
        if (first < prompt.Length - 1)
        {
            // The template begins the turn in another way than it asks for one, so that its head is predicted with it.
            ImmutableArray<int> before = tokenizer.Encode(Rendered(chat, turn, prompts: false));
            int shorter = Common(before, tokens);
            if (shorter < before.Length - TokensAtEnd)
                throw Nothing($"the template writes what comes before message {turn} in another way with it than without it");
            first = Math.Max(first, shorter);
        }

        return Make(tokens, [(first, tokens.Length)]);
    }

    private string Rendered(Chat chat, int turns, bool prompts) =>
        template.Render(chat.Turns[..turns], chat.Tools, prompts).ToString();

    private Example Make(ImmutableArray<int> tokens, List<(int First, int End)> spans)
    {
        var targets = ImmutableArray.CreateBuilder<int>();
        foreach (var (first, end) in spans)
        {
            int last = WithoutBlanks(tokens, first, end);
            for (int at = Math.Max(1, first); at < last; at++)
                targets.Add(at);
        }

        return targets.Count > 0
            ? new Example(tokens, targets.DrainToImmutable())
            : throw Nothing("the assistant says nothing in it");
    }

    // Behind the special token that ends a turn many templates write a line break, which no assistant says.
    private int WithoutBlanks(ImmutableArray<int> tokens, int first, int end)
    {
        int last = end;
        string Text(int at) => tokenizer.Decode([tokens[at]]);
        while (last - 1 > first && Text(last - 1) is { Length: > 0 } text && string.IsNullOrWhiteSpace(text))
            last--;
        bool endsTurn = last > first && Text(last - 1).Length == 0;
        return endsTurn ? last : end;
    }

    // Tokens that lie before the end of a start of the text; one that lies across it is not among them.
    private int TokensBefore(string start, ImmutableArray<int> tokens) => Common(tokenizer.Encode(start), tokens);

    // The same with one that lies across it.
    private int TokensThrough(string start, ImmutableArray<int> tokens)
    {
        ImmutableArray<int> own = tokenizer.Encode(start);
        int common = Common(own, tokens);
        return common == own.Length ? common : Math.Min(common + 1, tokens.Length);
    }

    private static int Common(ImmutableArray<int> left, ImmutableArray<int> right) =>
        left.AsSpan().CommonPrefixLength(right.AsSpan());

    private static DemException Nothing(string what) => new(ErrorCode.NothingSaid, what);
}
