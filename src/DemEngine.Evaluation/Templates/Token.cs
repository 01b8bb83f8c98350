namespace DemEngine.Evaluation.Templates;

/// <summary>What a token of a template is.</summary>
internal enum TokenKind
{
    /// <summary>Text that is written as it is.</summary>
    Text,

    /// <summary>The start of an expression that is written, <c>{{</c>.</summary>
    BeginOutput,

    /// <summary>The end of such an expression, <c>}}</c>.</summary>
    EndOutput,

    /// <summary>The start of a statement, <c>{%</c>.</summary>
    BeginStatement,

    /// <summary>The end of a statement, <c>%}</c>.</summary>
    EndStatement,

    /// <summary>A name or a keyword.</summary>
    Name,

    /// <summary>A string, with its escapes resolved.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a point or an exponent.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string, what it stands for.</param>
/// <param name="Line">Line in which it starts, from 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line);
