using System.Collections.Immutable;

namespace DemEngine.Evaluation.Templates;

/// <summary>A template that was parsed.</summary>
/// <param name="Body">Its statements.</param>
/// <param name="HasGeneration">Whether it marks what an assistant says.</param>
internal sealed record ParsedTemplate(ImmutableArray<Statement> Body, bool HasGeneration);

/// <summary>Parses the statements of a template; what it does not know is refused with its line.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private bool _hasGeneration;

    private TemplateParser(TokenReader tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
    }

    /// <summary>Parses a template.</summary>
    /// <param name="source">Text of the template.</param>
    /// <param name="name">Name of the template in errors.</param>
    /// <exception cref="DemException">
    /// DEM2080 (BadChatTemplate): it is no Jinja, or has a statement that is not supported.
    /// </exception>
    public static ParsedTemplate Parse(string source, string name)
    {
        var tokens = new TokenReader(Lexer.Read(source, name), name);
        var parser = new TemplateParser(tokens);
        ImmutableArray<Statement> body = parser.ParseBody();
        return new ParsedTemplate(body, parser._hasGeneration);
    }

    // Parses up to a statement that begins with one of the words, whose first word is left to the caller; without words, to the
    // end of the template.
    private ImmutableArray<Statement> ParseBody(params string[] ends)
    {
        _tokens.Enter();
        var body = ImmutableArray.CreateBuilder<Statement>();
        while (true)
        {
            int line = _tokens.Line;
            switch (_tokens.Next.Kind)
            {
                case TokenKind.End when ends.Length == 0:
                    _tokens.Leave();
                    return body.DrainToImmutable();
                case TokenKind.End:
                    throw _tokens.Unexpected($"{{% {ends[^1]} %}}");
                case TokenKind.Text:
                    body.Add(new TextOutput(line, _tokens.Take().Text));
                    break;
                case TokenKind.BeginOutput:
                    _tokens.Take();
                    body.Add(new ValueOutput(line, _expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.EndOutput, "}}");
                    break;
                default:
                    _tokens.Expect(TokenKind.BeginStatement, "a statement");
                    if (_tokens.Next.Kind == TokenKind.Name && ends.Contains(_tokens.Next.Text))
                    {
                        _tokens.Leave();
                        return body.DrainToImmutable();
                    }

                    body.Add(ParseStatement());
                    break;
            }
        }
    }

    private Statement ParseStatement()
    {
        Token word = _tokens.Expect(TokenKind.Name, "the name of a statement");
        return word.Text switch
        {
            "for" => ParseLoop(word.Line),
            "if" => ParseBranches(word.Line),
            "set" => ParseSet(word.Line),
            "macro" => ParseMacro(word.Line),
            "generation" => ParseGeneration(word.Line),
            "filter" => ParseFilter(word.Line),
            "break" or "continue" => Closed(new LoopExit(word.Line, word.Text == "break")),
            _ => throw TemplateFaultAt(word),
        };
    }

    private DemException TemplateFaultAt(Token word) => _tokens.Fault(
        $"the statement '{word.Text}' is not supported; these are: for, if, set, macro, generation, filter, break, continue, "
        + "raw");

    private Statement ParseGeneration(int line)
    {
        _hasGeneration = true;
        return Closed(new Generation(line, ParseBlock("endgeneration")));
    }

    private Statement Closed(Statement statement)
    {
        _tokens.Expect(TokenKind.EndStatement, "%}");
        return statement;
    }

    // Parses from the end of an opening statement to the word of the closing one.
    private ImmutableArray<Statement> ParseBlock(string end)
    {
        _tokens.Expect(TokenKind.EndStatement, "%}");
        ImmutableArray<Statement> body = ParseBody(end);
        _tokens.Take();
        return body;
    }

    private Statement ParseLoop(int line)
    {
        ImmutableArray<string> names = ParseNames();
        _tokens.ExpectWord("in");
        Expression items = _expressions.ParseOr();
        Expression? condition = _tokens.TryTakeWord("if") ? _expressions.Parse() : null;
        if (_tokens.IsWord("recursive"))
            throw _tokens.Fault("recursive loops are not supported");
        _tokens.Expect(TokenKind.EndStatement, "%}");
        ImmutableArray<Statement> body = ParseBody("else", "endfor");
        ImmutableArray<Statement> otherwise = [];
        if (_tokens.TryTakeWord("else"))
        {
            _tokens.Expect(TokenKind.EndStatement, "%}");
            otherwise = ParseBody("endfor");
        }

        _tokens.Take();
        return Closed(new Loop(line, names, items, condition, body, otherwise));
    }

    private Statement ParseBranches(int line)
    {
        var cases = ImmutableArray.CreateBuilder<(Expression, ImmutableArray<Statement>)>();
        ImmutableArray<Statement> otherwise = [];
        do
        {
            Expression condition = _expressions.ParseTuple();
            _tokens.Expect(TokenKind.EndStatement, "%}");
            cases.Add((condition, ParseBody("elif", "else", "endif")));
        }
        while (_tokens.TryTakeWord("elif"));
        if (_tokens.TryTakeWord("else"))
        {
            _tokens.Expect(TokenKind.EndStatement, "%}");
            otherwise = ParseBody("endif");
        }

        _tokens.Take();
        return Closed(new Branches(line, cases.DrainToImmutable(), otherwise));
    }

    private Statement ParseSet(int line)
    {
        if (_tokens.IsSecond("."))
        {
            string owner = _tokens.Expect(TokenKind.Name, "a name").Text;
            _tokens.Take();
            string member = _tokens.Expect(TokenKind.Name, "the name of an attribute").Text;
            _tokens.Expect("=");
            return Closed(new MemberAssignment(line, owner, member, _expressions.ParseTuple()));
        }

        ImmutableArray<string> names = ParseNames();
        if (_tokens.TryTake("="))
            return Closed(new Assignment(line, names, _expressions.ParseTuple()));
        return names is [string one]
            ? Closed(new BlockAssignment(line, one, ParseBlock("endset")))
            : throw _tokens.Unexpected("'='");
    }

    private Statement ParseMacro(int line)
    {
        string name = _tokens.Expect(TokenKind.Name, "the name of a macro").Text;
        var parameters = ImmutableArray.CreateBuilder<(string, Expression?)>();
        _tokens.Expect("(");
        while (!_tokens.TryTake(")"))
        {
            string parameter = _tokens.Expect(TokenKind.Name, "the name of a parameter").Text;
            parameters.Add((parameter, _tokens.TryTake("=") ? _expressions.Parse() : null));
            if (!_tokens.Is(")"))
                _tokens.Expect(",");
        }

        ImmutableArray<Statement> body = ParseBlock("endmacro");
        if (_tokens.IsWord(name))
            _tokens.Take();
        return Closed(new MacroDefinition(line, name, parameters.DrainToImmutable(), body));
    }

    private Statement ParseFilter(int line)
    {
        string name = _tokens.Expect(TokenKind.Name, "the name of a filter").Text;
        ArgumentList arguments = _tokens.Is("(") ? _expressions.ParseArguments() : ArgumentList.None;
        return Closed(new FilteredBlock(line, name, arguments, ParseBlock("endfilter")));
    }

    private ImmutableArray<string> ParseNames()
    {
        var names = ImmutableArray.CreateBuilder<string>();
        bool isEnclosed = _tokens.TryTake("(");
        do
            names.Add(_tokens.Expect(TokenKind.Name, "a name").Text);
        while (_tokens.TryTake(","));
        if (isEnclosed)
            _tokens.Expect(")");
        return names.DrainToImmutable();
    }
}
