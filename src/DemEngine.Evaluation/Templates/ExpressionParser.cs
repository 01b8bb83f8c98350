using System.Collections.Immutable;
using System.Globalization;

namespace DemEngine.Evaluation.Templates;

/// <summary>
/// Parses expressions. From the loosest to the tightest: <c>if else</c>; <c>or</c>; <c>and</c>; <c>not</c>; comparisons;
/// <c>+ -</c>; <c>~</c>; <c>* / // %</c>; <c>**</c>; signs; filters and tests; attributes, elements and calls (Jinja's
/// documentation, "Expressions").
/// </summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] Comparisons = ["==", "!=", "<=", ">=", "<", ">"];
    private static readonly string[] Unary = ["-", "+"];

    /// <summary>Parses a whole expression.</summary>
    public Expression Parse()
    {
        tokens.Enter();
        Expression parsed = ParseChoice();
        tokens.Leave();
        return parsed;
    }

    /// <summary>Parses an expression, or several with commas between them, which are a tuple.</summary>
    public Expression ParseTuple()
    {
        int line = tokens.Line;
        Expression first = Parse();
        if (!tokens.Is(","))
            return first;
        var items = ImmutableArray.CreateBuilder<Expression>();
        items.Add(first);
        while (tokens.TryTake(",") && !tokens.Is(")") && tokens.Next.Kind != TokenKind.EndStatement)
            items.Add(Parse());
        return new ListOf(line, items.DrainToImmutable(), IsTuple: true);
    }

    /// <summary>Parses an expression without <c>if else</c>, such as what a loop goes over.</summary>
    public Expression ParseOr() => ParseLeft(ParseAnd, "or");

    /// <summary>Parses arguments in parentheses.</summary>
    public ArgumentList ParseArguments()
    {
        var positional = ImmutableArray.CreateBuilder<Expression>();
        var named = ImmutableArray.CreateBuilder<(string, Expression)>();
        tokens.Expect("(");
        while (!tokens.TryTake(")"))
        {
            if (tokens.Is("*") || tokens.Is("**"))
                throw tokens.Fault("arguments with * or ** are not supported");
            if (tokens.Next.Kind == TokenKind.Name && tokens.IsSecond("="))
            {
                string name = tokens.Take().Text;
                tokens.Expect("=");
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!tokens.Is(")"))
                tokens.Expect(",");
        }

        return new ArgumentList(positional.DrainToImmutable(), named.DrainToImmutable());
    }

    private Expression ParseChoice()
    {
        Expression value = ParseOr();
        while (tokens.IsWord("if"))
        {
            int line = tokens.Take().Line;
            Expression condition = ParseOr();
            Expression? otherwise = tokens.TryTakeWord("else") ? Parse() : null;
            value = new ChoiceOf(line, value, condition, otherwise);
        }

        return value;
    }

    private Expression ParseAnd() => ParseLeft(ParseNot, "and");

    private Expression ParseNot()
    {
        if (!tokens.IsWord("not"))
            return ParseComparison();
        int line = tokens.Take().Line;
        tokens.Enter();
        var parsed = new UnaryOf(line, "not", ParseNot());
        tokens.Leave();
        return parsed;
    }

    private Expression ParseComparison()
    {
        int line = tokens.Line;
        Expression first = ParseSum();
        var rest = ImmutableArray.CreateBuilder<(string, Expression)>();
        while (true)
        {
            if (tokens.Next.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Next.Text))
                rest.Add((tokens.Take().Text, ParseSum()));
            else if (tokens.TryTakeWord("in"))
                rest.Add(("in", ParseSum()));
            else if (tokens.IsWord("not") && tokens.IsSecondWord("in"))
                rest.Add((TakeNotIn(), ParseSum()));
            else
                return rest.Count == 0 ? first : new ComparisonOf(line, first, rest.DrainToImmutable());
        }
    }

    private string TakeNotIn()
    {
        tokens.Take();
        tokens.Take();
        return "not in";
    }

    private Expression ParseSum() => ParseLeft(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation() => ParseLeft(ParseProduct, "~");

    private Expression ParseProduct() => ParseLeft(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseLeft(ParseSigned, "**");

    private Expression ParseLeft(Func<Expression> operand, params string[] signs)
    {
        Expression left = operand();
        while (tokens.Next.Kind is TokenKind.Operator or TokenKind.Name && signs.Contains(tokens.Next.Text))
        {
            Token sign = tokens.Take();
            left = new BinaryOf(sign.Line, sign.Text, left, operand());
        }

        return left;
    }

    private Expression ParseSigned() => ParseFilters(ParseUnary());

    private Expression ParseUnary()
    {
        if (tokens.Next.Kind != TokenKind.Operator || !Unary.Contains(tokens.Next.Text))
            return ParsePostfix(ParsePrimary());
        Token sign = tokens.Take();
        tokens.Enter();
        var parsed = new UnaryOf(sign.Line, sign.Text, ParseUnary());
        tokens.Leave();
        return parsed;
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            if (tokens.Is("|"))
            {
                int line = tokens.Take().Line;
                string name = tokens.Expect(TokenKind.Name, "the name of a filter").Text;
                value = new FilterOf(line, value, name, tokens.Is("(") ? ParseArguments() : ArgumentList.None);
            }
            else if (tokens.IsWord("is"))
            {
                int line = tokens.Take().Line;
                bool isNegated = tokens.TryTakeWord("not");
                string name = tokens.Expect(TokenKind.Name, "the name of a test").Text;
                value = new TestOf(line, value, name, ParseTestArguments(), isNegated);
            }
            else if (tokens.Is("("))
            {
                value = new CallOf(tokens.Line, value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    // A test takes its arguments in parentheses, or one without, as in "value is divisibleby 3".
    private ArgumentList ParseTestArguments()
    {
        if (tokens.Is("("))
            return ParseArguments();
        bool hasOne = tokens.Next.Kind switch
        {
            TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
            TokenKind.Name => tokens.Next.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in"),
            _ => tokens.Is("[") || tokens.Is("{"),
        };
        return hasOne ? new ArgumentList([ParsePostfix(ParsePrimary())], []) : ArgumentList.None;
    }

    private Expression ParsePostfix(Expression owner)
    {
        while (true)
        {
            int line = tokens.Line;
            if (tokens.TryTake("."))
            {
                owner = tokens.Next.Kind == TokenKind.Integer
                    ? new ElementOf(line, owner, Integer(tokens.Take()))
                    : new AttributeOf(line, owner, tokens.Expect(TokenKind.Name, "the name of an attribute").Text);
            }
            else if (tokens.TryTake("["))
            {
                owner = ParseElement(owner, line);
                tokens.Expect("]");
            }
            else if (tokens.Is("("))
            {
                owner = new CallOf(line, owner, ParseArguments());
            }
            else
            {
                return owner;
            }
        }
    }

    private Expression ParseElement(Expression owner, int line)
    {
        Expression? first = tokens.Is(":") ? null : ParseTuple();
        if (!tokens.TryTake(":"))
            return new ElementOf(line, owner, first!);
        Expression? end = tokens.Is("]") || tokens.Is(":") ? null : Parse();
        Expression? step = tokens.TryTake(":") && !tokens.Is("]") ? Parse() : null;
        return new SliceOf(line, owner, first, end, step);
    }

    private Expression ParsePrimary()
    {
        Token next = tokens.Next;
        switch (next.Kind)
        {
            case TokenKind.Name:
                tokens.Take();
                return Named(next);
            case TokenKind.String:
                string text = tokens.Take().Text;
                while (tokens.Next.Kind == TokenKind.String)
                    text += tokens.Take().Text;
                return new Literal(next.Line, text);
            case TokenKind.Integer:
                return Integer(tokens.Take());
            case TokenKind.Float:
                return new Literal(next.Line, double.Parse(tokens.Take().Text, CultureInfo.InvariantCulture));
            case TokenKind.Operator when next.Text is "(":
                return ParseParentheses();
            case TokenKind.Operator when next.Text is "[":
                tokens.Take();
                return new ListOf(next.Line, ParseItems("]", Parse), IsTuple: false);
            case TokenKind.Operator when next.Text is "{":
                tokens.Take();
                return new MappingOf(next.Line, ParseItems("}", ParsePair));
            default:
                throw tokens.Unexpected("a value");
        }
    }

    private static Expression Named(Token name) => name.Text switch
    {
        "true" or "True" => new Literal(name.Line, true),
        "false" or "False" => new Literal(name.Line, false),
        "none" or "None" => new Literal(name.Line, null),
        _ => new NameOf(name.Line, name.Text),
    };

    private Literal Integer(Token token) =>
        long.TryParse(token.Text, CultureInfo.InvariantCulture, out long number)
            ? new Literal(token.Line, number)
            : throw tokens.Fault($"{token.Text} is too large a number");

    private Expression ParseParentheses()
    {
        int line = tokens.Take().Line;
        if (tokens.TryTake(")"))
            return new ListOf(line, [], IsTuple: true);
        Expression inside = ParseTuple();
        tokens.Expect(")");
        return inside;
    }

    private (Expression, Expression) ParsePair()
    {
        Expression key = Parse();
        tokens.Expect(":");
        return (key, Parse());
    }

    private ImmutableArray<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = ImmutableArray.CreateBuilder<T>();
        while (!tokens.TryTake(close))
        {
            items.Add(parse());
            if (!tokens.Is(close))
                tokens.Expect(",");
        }

        return items.DrainToImmutable();
    }
}
