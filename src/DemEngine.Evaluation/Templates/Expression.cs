using System.Collections.Immutable;

namespace DemEngine.Evaluation.Templates;

/// <summary>An expression of a template.</summary>
/// <param name="Line">Line in which it stands, named in errors.</param>
internal abstract record Expression(int Line);

/// <summary>A value that is written out.</summary>
internal sealed record Literal(int Line, object? Value) : Expression(Line);

/// <summary>The value of a name.</summary>
internal sealed record NameOf(int Line, string Name) : Expression(Line);

/// <summary>A list or a tuple of values.</summary>
internal sealed record ListOf(int Line, ImmutableArray<Expression> Items, bool IsTuple) : Expression(Line);

/// <summary>A mapping that is written out.</summary>
internal sealed record MappingOf(int Line, ImmutableArray<(Expression Key, Expression Value)> Items) : Expression(Line);

/// <summary>An attribute, <c>owner.name</c>.</summary>
internal sealed record AttributeOf(int Line, Expression Owner, string Name) : Expression(Line);

/// <summary>An element, <c>owner[key]</c>.</summary>
internal sealed record ElementOf(int Line, Expression Owner, Expression Key) : Expression(Line);

/// <summary>A part of a list or a text, <c>owner[first:end:step]</c>.</summary>
internal sealed record SliceOf(int Line, Expression Owner, Expression? First, Expression? End, Expression? Step)
    : Expression(Line);

/// <summary>A call of a function, a method or a macro.</summary>
internal sealed record CallOf(int Line, Expression Function, ArgumentList Arguments) : Expression(Line);

/// <summary>A value that passes through a filter, <c>value | name</c>.</summary>
internal sealed record FilterOf(int Line, Expression Value, string Name, ArgumentList Arguments) : Expression(Line);

/// <summary>A question about a value, <c>value is name</c>.</summary>
internal sealed record TestOf(int Line, Expression Value, string Name, ArgumentList Arguments, bool IsNegated) : Expression(Line);

/// <summary>An operator with one operand.</summary>
internal sealed record UnaryOf(int Line, string Operator, Expression Operand) : Expression(Line);

/// <summary>An operator with two operands.</summary>
internal sealed record BinaryOf(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

/// <summary>Comparisons one after another, <c>a &lt; b &lt;= c</c>, all of which must hold.</summary>
internal sealed record ComparisonOf(int Line, Expression First, ImmutableArray<(string Operator, Expression Operand)> Rest)
    : Expression(Line);

/// <summary>One value or another, <c>value if condition else otherwise</c>.</summary>
internal sealed record ChoiceOf(int Line, Expression Value, Expression Condition, Expression? Otherwise) : Expression(Line);

/// <summary>The arguments of a call, a filter or a test.</summary>
/// <param name="Positional">Arguments by their places.</param>
/// <param name="Named">Arguments by their names.</param>
internal sealed record ArgumentList(ImmutableArray<Expression> Positional, ImmutableArray<(string Name, Expression Value)> Named)
{
    public static ArgumentList None { get; } = new([], []);
}
