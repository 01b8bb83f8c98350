using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>
/// Divides a template into tokens as Jinja does with <c>trim_blocks</c> and <c>lstrip_blocks</c>, which chat templates are
/// written for: the line break after a statement or a comment is dropped, and so is the white space between the start of a line
/// and a statement or a comment (Jinja's documentation, "Whitespace Control").
/// </summary>
internal sealed class Lexer
{
    // The longer of two operators that begin alike stands first.
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", "<=", ">=",
        "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", ";",
    ];

    private readonly string _name;
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _startsLine = true;

    private Lexer(string source, string name)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = text.EndsWith('\n') ? text[..^1] : text;
        _name = name;
    }

    /// <summary>Divides a template.</summary>
    /// <param name="source">Text of the template.</param>
    /// <param name="name">Name of the template in errors.</param>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): something is not closed, or is no token.</exception>
    public static IReadOnlyList<Token> Read(string source, string name)
    {
        var lexer = new Lexer(source, name);
        while (lexer._at < lexer._source.Length)
            lexer.ReadText();
        lexer.Add(TokenKind.End, "", lexer._line);
        return lexer._tokens;
    }

    private void ReadText()
    {
        int open = NextTag(_at);
        if (open < 0)
        {
            AddText(_source[_at..]);
            Advance(_source.Length);
            return;
        }

        char kind = _source[open + 1];
        char control = open + 2 < _source.Length ? _source[open + 2] : '\0';
        string text = _source[_at..open];
        if (control == '-')
            text = text.TrimEnd();
        else if (kind != '{' && control != '+')
            text = StripLine(text);
        AddText(text);
        Advance(open);
        int start = open + 2 + (control is '-' or '+' ? 1 : 0);
        switch (kind)
        {
            case '#':
                ReadComment(start);
                break;
            case '{':
                ReadTag(start, TokenKind.BeginOutput, TokenKind.EndOutput, "}}");
                break;
            default:
                ReadTag(start, TokenKind.BeginStatement, TokenKind.EndStatement, "%}");
                break;
        }
    }

    private int NextTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    private string StripLine(string text)
    {
        int start = text.LastIndexOf('\n') + 1;
        return (start > 0 || _startsLine) && string.IsNullOrWhiteSpace(text[start..]) ? text[..start] : text;
    }

    private void ReadComment(int start)
    {
        int close = _source.IndexOf("#}", start, StringComparison.Ordinal);
        if (close < 0)
            throw Fault("a comment {# is not closed");
        Close(close, "#}", dropsBreak: true, _source[close - 1]);
    }

    private void ReadTag(int start, TokenKind begin, TokenKind end, string close)
    {
        int line = _line;
        Add(begin, "", line);
        Advance(start);
        var brackets = new Stack<char>();
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
                Advance(_at + 1);
            if (_at >= _source.Length)
                throw TemplateFault.At(_name, line, $"a {(close == "}}" ? "{{" : "{%")} is not closed");
            bool controlled = _source[_at] is '-' or '+' && Is(_at + 1, close);
            if (brackets.Count == 0 && (Is(_at, close) || controlled))
            {
                Add(end, "", _line);
                Close(controlled ? _at + 1 : _at, close, close == "%}", _source[_at]);
                if (end == TokenKind.EndStatement)
                    ReadRaw();
                return;
            }

            ReadToken(brackets);
        }
    }

    // Moves behind a closing delimiter, and behind the white space that goes with it.
    private void Close(int at, string delimiter, bool dropsBreak, char control)
    {
        int end = at + delimiter.Length;
        if (control == '-')
        {
            while (end < _source.Length && char.IsWhiteSpace(_source[end]))
                end++;
        }
        else if (dropsBreak && control != '+' && end < _source.Length && _source[end] == '\n')
        {
            end++;
        }

        _startsLine = _source[end - 1] == '\n';
        Advance(end);
    }

    // What stands between {% raw %} and {% endraw %} is text, whatever is in it.
    private void ReadRaw()
    {
        if (_tokens is not [.., { Kind: TokenKind.BeginStatement }, { Kind: TokenKind.Name, Text: "raw" }, _])
            return;
        _tokens.RemoveRange(_tokens.Count - 3, 3);
        int line = _line, first = _at;
        for (int open = _source.IndexOf("{%", first, StringComparison.Ordinal); open >= 0;
            open = _source.IndexOf("{%", open + 2, StringComparison.Ordinal))
        {
            int close = _source.IndexOf("%}", open, StringComparison.Ordinal);
            if (close < 0)
                break;
            string word = _source[(open + 2)..close];
            if (word.Trim('-', '+', ' ', '\t', '\n') != "endraw")
                continue;
            string text = _source[first..open];
            AddText(word.StartsWith('-') ? text.TrimEnd() : word.StartsWith('+') ? text : StripLine(text));
            Close(close, "%}", dropsBreak: true, word[^1]);
            return;
        }

        throw TemplateFault.At(_name, line, "{% raw %} has no {% endraw %}");
    }

    private void ReadToken(Stack<char> brackets)
    {
        char first = _source[_at];
        if (first is '"' or '\'')
        {
            ReadString(first);
        }
        else if (char.IsAsciiDigit(first))
        {
            ReadNumber();
        }
        else if (char.IsLetter(first) || first == '_')
        {
            int end = _at;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
                end++;
            Take(TokenKind.Name, end);
        }
        else
        {
            string sign = Operators.FirstOrDefault(sign => Is(_at, sign)) ?? throw Fault($"'{first}' is no token of Jinja");
            if (sign is "(" or "[" or "{")
                brackets.Push(sign switch { "(" => ')', "[" => ']', _ => '}' });
            else if (sign is ")" or "]" or "}" && (!brackets.TryPop(out char expected) || expected != sign[0]))
                throw Fault($"'{sign}' closes nothing");
            Take(TokenKind.Operator, _at + sign.Length);
        }
    }

    private void ReadNumber()
    {
        int end = _at;
        while (end < _source.Length && (char.IsAsciiDigit(_source[end]) || _source[end] == '_'))
            end++;
        var kind = TokenKind.Integer;
        if (end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            kind = TokenKind.Float;
            end++;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                end++;
        }

        int exponent = end + (end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? 2 : 1);
        if (exponent < _source.Length && _source[end] is 'e' or 'E' && char.IsAsciiDigit(_source[exponent]))
        {
            kind = TokenKind.Float;
            end = exponent;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                end++;
        }

        Add(kind, _source[_at..end].Replace("_", "", StringComparison.Ordinal), _line);
        Advance(end);
    }

    private void ReadString(char quote)
    {
        int line = _line, at = _at + 1;
        var text = new StringBuilder();
        while (true)
        {
            if (at >= _source.Length)
                throw TemplateFault.At(_name, line, "a string is not closed");
            char next = _source[at++];
            if (next == quote)
                break;
            if (next == '\\' && at < _source.Length)
                at = ReadEscape(at, text);
            else
                text.Append(next);
        }

        Add(TokenKind.String, text.ToString(), line);
        Advance(at);
    }

    // The escapes of Python's strings; a backslash before anything else stays.
    private int ReadEscape(int at, StringBuilder text)
    {
        char kind = _source[at++];
        int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits > _source.Length
                || !int.TryParse(
                    _source.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code > 0x10FFFF)
                throw Fault($"\\{kind} is not followed by the {digits} digits of a character");
            text.Append(Rune.IsValid(code) ? char.ConvertFromUtf32(code) : ((char)code).ToString());
            return at + digits;
        }

        text.Append(kind switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            'a' => "\a",
            'v' => "\v",
            '0' => "\0",
            '\n' => "",
            '\\' or '\'' or '"' => kind.ToString(),
            _ => $"\\{kind}",
        });
        return at;
    }

    private bool Is(int at, string text) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    private void Take(TokenKind kind, int end)
    {
        Add(kind, _source[_at..end], _line);
        Advance(end);
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text, _line);
    }

    private void Add(TokenKind kind, string text, int line) => _tokens.Add(new Token(kind, text, line));

    private void Advance(int to)
    {
        _line += _source.AsSpan(_at, to - _at).Count('\n');
        _at = to;
    }

    private DemException Fault(string what) => TemplateFault.At(_name, _line, what);
}
