using System.Collections.Immutable;

namespace DemEngine.Evaluation.Templates;

/// <summary>A statement of a template.</summary>
/// <param name="Line">Line in which it stands, named in errors.</param>
internal abstract record Statement(int Line);

/// <summary>Text that is written as it is.</summary>
internal sealed record TextOutput(int Line, string Text) : Statement(Line);

/// <summary>An expression whose value is written.</summary>
internal sealed record ValueOutput(int Line, Expression Value) : Statement(Line);

/// <summary><c>for</c>: statements for each item of a list.</summary>
/// <param name="Line">Line in which it stands.</param>
/// <param name="Names">Names that an item, or its parts, are given.</param>
/// <param name="Items">List of the items.</param>
/// <param name="Condition">What an item must fulfil; null for nothing.</param>
/// <param name="Body">Statements for an item.</param>
/// <param name="Otherwise">Statements where there is no item.</param>
internal sealed record Loop(
    int Line,
    ImmutableArray<string> Names,
    Expression Items,
    Expression? Condition,
    ImmutableArray<Statement> Body,
    ImmutableArray<Statement> Otherwise) : Statement(Line);

/// <summary><c>if</c>: the statements of the first condition that holds.</summary>
internal sealed record Branches(
    int Line,
    ImmutableArray<(Expression Condition, ImmutableArray<Statement> Body)> Cases,
    ImmutableArray<Statement> Otherwise) : Statement(Line);

/// <summary><c>set</c>: gives a value, or the parts of one, to names.</summary>
internal sealed record Assignment(int Line, ImmutableArray<string> Names, Expression Value) : Statement(Line);

/// <summary><c>set owner.name = value</c>, for namespaces.</summary>
internal sealed record MemberAssignment(int Line, string Owner, string Name, Expression Value) : Statement(Line);

/// <summary><c>set name</c> to what statements write.</summary>
internal sealed record BlockAssignment(int Line, string Name, ImmutableArray<Statement> Body) : Statement(Line);

/// <summary><c>macro</c>: statements under a name, which are written where it is called.</summary>
internal sealed record MacroDefinition(
    int Line, string Name, ImmutableArray<(string Name, Expression? Default)> Parameters, ImmutableArray<Statement> Body)
    : Statement(Line);

/// <summary>
/// <c>generation</c>: what is written inside is what an assistant says (transformers' documentation, "Writing a chat template").
/// </summary>
internal sealed record Generation(int Line, ImmutableArray<Statement> Body) : Statement(Line);

/// <summary><c>filter</c>: what is written inside passes through a filter.</summary>
internal sealed record FilteredBlock(int Line, string Name, ArgumentList Arguments, ImmutableArray<Statement> Body)
    : Statement(Line);

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record LoopExit(int Line, bool EndsLoop) : Statement(Line);
