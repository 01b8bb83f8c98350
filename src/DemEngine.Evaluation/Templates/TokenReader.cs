namespace DemEngine.Evaluation.Templates;

/// <summary>The tokens of a template, taken one after another.</summary>
/// <param name="tokens">Tokens; the last is the end.</param>
/// <param name="template">Name of the template in errors.</param>
internal sealed class TokenReader(IReadOnlyList<Token> tokens, string template)
{
    private const int DeepestNesting = 200;

    private int _at;
    private int _depth;

    /// <summary>The token that comes next.</summary>
    public Token Next => tokens[_at];

    /// <summary>Line of the token that comes next.</summary>
    public int Line => Next.Line;

    /// <summary>Takes the next token.</summary>
    public Token Take() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    /// <summary>Whether the next token is this operator.</summary>
    public bool Is(string sign) => Next.Kind == TokenKind.Operator && Next.Text == sign;

    /// <summary>Whether the next token is this word.</summary>
    public bool IsWord(string word) => Next.Kind == TokenKind.Name && Next.Text == word;

    /// <summary>Whether the token behind the next one is this word.</summary>
    public bool IsSecondWord(string word) =>
        _at + 1 < tokens.Count && tokens[_at + 1].Kind == TokenKind.Name && tokens[_at + 1].Text == word;

    /// <summary>Whether the token behind the next one is this operator.</summary>
    public bool IsSecond(string sign) =>
        _at + 1 < tokens.Count && tokens[_at + 1].Kind == TokenKind.Operator && tokens[_at + 1].Text == sign;

    /// <summary>Takes this operator if it is next.</summary>
    public bool TryTake(string sign)
    {
        if (!Is(sign))
            return false;
        _at++;
        return true;
    }

    /// <summary>Takes this word if it is next.</summary>
    public bool TryTakeWord(string word)
    {
        if (!IsWord(word))
            return false;
        _at++;
        return true;
    }

    /// <summary>Takes this operator, which must be next.</summary>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): something else is next.</exception>
    public void Expect(string sign)
    {
        if (!TryTake(sign))
            throw Unexpected($"'{sign}'");
    }

    /// <summary>Takes this word, which must be next.</summary>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): something else is next.</exception>
    public void ExpectWord(string word)
    {
        if (!TryTakeWord(word))
            throw Unexpected($"'{word}'");
    }

    /// <summary>Takes a token of this kind, which must be next.</summary>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): something else is next.</exception>
    public Token Expect(TokenKind kind, string what) => Next.Kind == kind ? Take() : throw Unexpected(what);

    /// <summary>Enters an expression or a statement inside another; nesting without end would end the process.</summary>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): there are too many inside each other.</exception>
    public void Enter()
    {
        if (++_depth > DeepestNesting)
            throw Fault($"more than {DeepestNesting} expressions or statements stand inside each other");
    }

    /// <summary>Leaves what was entered.</summary>
    public void Leave() => _depth--;

    /// <summary>Makes the error that something else was expected here.</summary>
    public DemException Unexpected(string expected) => Fault(Next.Kind switch
    {
        TokenKind.End => $"{expected} is expected, and the template ends",
        TokenKind.EndStatement => $"{expected} is expected before %}}",
        TokenKind.EndOutput => $"{expected} is expected before }}}}",
        TokenKind.String => $"{expected} is expected, and there is a string",
        _ => $"{expected} is expected, and there is '{Next.Text}'",
    });

    /// <summary>Makes an error at the next token.</summary>
    public DemException Fault(string what) => TemplateFault.At(template, Line, what);
}
