using System.Collections.Immutable;

namespace DemEngine.Evaluation.Templates;

/// <summary>Carries out the statements of a template.</summary>
/// <param name="template">Name of the template in errors.</param>
internal sealed class Interpreter(string template)
{
    // A template comes with a model from anywhere, and must neither run for ever nor fill the memory.
    private const int MostSteps = 2_000_000;
    private const int LongestText = 1 << 28;
    private const int DeepestCalls = 100;

    private TemplateWriter _writer = new();
    private int _steps;
    private int _calls;

    private enum Flow
    {
        Next,
        Continue,
        Break,
    }

    /// <summary>Carries out a template.</summary>
    /// <param name="body">Statements of the template.</param>
    /// <param name="values">What the names in it stand for.</param>
    /// <exception cref="DemException">
    /// DEM2080 (BadChatTemplate): something is asked of a value that it does not have. DEM2081 (ChatRefused): the template
    /// refuses what it is given.
    /// </exception>
    public TemplateWriter Run(ImmutableArray<Statement> body, IReadOnlyDictionary<string, object?> values)
    {
        var frame = new Frame(Globals.Frame());
        foreach (var (name, value) in values)
            frame.Set(name, value);
        Run(body, frame);
        return _writer;
    }

    private Flow Run(ImmutableArray<Statement> body, Frame frame)
    {
        foreach (Statement statement in body)
        {
            Flow flow = Run(statement, frame);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Frame frame)
    {
        if (++_steps > MostSteps || _writer.Length > LongestText)
            throw Fault(statement.Line, "the template does not come to an end");
        switch (statement)
        {
            case TextOutput output:
                _writer.Write(output.Text);
                break;
            case ValueOutput output:
                _writer.Write(PythonText.Of(Evaluate(output.Value, frame)));
                break;
            case Loop loop:
                Run(loop, frame);
                break;
            case Branches branches:
                return Run(Chosen(branches, frame), frame);
            case Assignment assignment:
                Assign(assignment.Names, Evaluate(assignment.Value, frame), frame, assignment.Line);
                break;
            case MemberAssignment assignment:
                if (frame.Find(assignment.Owner) is not Namespace group)
                    throw Fault(assignment.Line, $"'{assignment.Owner}' is no namespace, so that nothing in it can be set");
                group.Members[assignment.Name] = Evaluate(assignment.Value, frame);
                break;
            case BlockAssignment assignment:
                frame.Set(assignment.Name, Capture(assignment.Body, new Frame(frame)));
                break;
            case MacroDefinition macro:
                frame.Set(macro.Name, Macro(macro, frame));
                break;
            case Generation generation:
                int first = _writer.Length;
                Flow flow = Run(generation.Body, new Frame(frame));
                _writer.MarkGenerated(first);
                return flow;
            case FilteredBlock block:
                string text = Capture(block.Body, new Frame(frame));
                _writer.Write(PythonText.Of(Filter(block.Line, block.Name, text, block.Arguments, frame)));
                break;
            case LoopExit exit:
                return exit.EndsLoop ? Flow.Break : Flow.Continue;
            default:
                throw new NotSupportedException(statement.GetType().Name);
        }

        return Flow.Next;
    }

    private ImmutableArray<Statement> Chosen(Branches branches, Frame frame)
    {
        foreach (var (condition, body) in branches.Cases)
        {
            if (Values.Holds(Evaluate(condition, frame)))
                return body;
        }

        return branches.Otherwise;
    }

    private void Run(Loop loop, Frame frame)
    {
        object? value = Evaluate(loop.Items, frame);
        List<object?> items = Values.Items(value)?.ToList()
            ?? throw Fault(loop.Line, $"{Values.TypeOf(value)} cannot be gone through");
        if (loop.Condition is { } condition)
        {
            items = [.. items.Where(item =>
            {
                var inner = new Frame(frame);
                Assign(loop.Names, item, inner, loop.Line);
                return Values.Holds(Evaluate(condition, inner));
            })];
        }

        _steps += items.Count;
        if (items.Count == 0)
            Run(loop.Otherwise, new Frame(frame));
        for (int k = 0; k < items.Count; k++)
        {
            var inner = new Frame(frame);
            inner.Set("loop", Position(items, k));
            Assign(loop.Names, items[k], inner, loop.Line);
            if (Run(loop.Body, inner) == Flow.Break)
                break;
        }
    }

    private static Attributes Position(List<object?> items, int at) => new(name => name switch
    {
        "index" => at + 1L,
        "index0" => (long)at,
        "revindex" => (long)(items.Count - at),
        "revindex0" => (long)(items.Count - at - 1),
        "first" => at == 0,
        "last" => at == items.Count - 1,
        "length" => (long)items.Count,
        "previtem" => at > 0 ? items[at - 1] : new Undefined("loop.previtem"),
        "nextitem" => at < items.Count - 1 ? items[at + 1] : new Undefined("loop.nextitem"),
        "depth" => 1L,
        "cycle" => (Callable)(call => call.Positional.Count > 0
            ? call.Positional[at % call.Positional.Count]
            : throw call.Fault("it needs values")),
        _ => new Undefined($"loop.{name}"),
    });

    private void Assign(ImmutableArray<string> names, object? value, Frame frame, int line)
    {
        if (names is [string one])
        {
            frame.Set(one, value);
            return;
        }

        List<object?>? parts = Values.Items(value)?.ToList();
        if (parts?.Count != names.Length)
            throw Fault(line, $"{Values.TypeOf(value)} has not the {names.Length} parts that are given names");
        for (int k = 0; k < names.Length; k++)
            frame.Set(names[k], parts[k]);
    }

    private string Capture(ImmutableArray<Statement> body, Frame frame)
    {
        TemplateWriter outer = _writer;
        _writer = new TemplateWriter();
        Run(body, frame);
        string text = _writer.ToString();
        _writer = outer;
        return text;
    }

    private Callable Macro(MacroDefinition macro, Frame frame) => call =>
    {
        if (++_calls > DeepestCalls)
            throw call.Fault($"more than {DeepestCalls} macros call each other");
        var inner = new Frame(frame);
        object?[] taken = call.Take([.. macro.Parameters.Select(parameter => parameter.Name)]);
        for (int k = 0; k < taken.Length; k++)
        {
            var (name, otherwise) = macro.Parameters[k];
            bool isGiven = k < call.Positional.Count || call.Named.ContainsKey(name);
            inner.Set(
                name, isGiven ? taken[k] : otherwise is null ? new Undefined(name) : Evaluate(otherwise, inner));
        }

        string text = Capture(macro.Body, inner);
        _calls--;
        return text;
    };

    private object? Evaluate(Expression expression, Frame frame)
    {
        if (++_steps > MostSteps)
            throw Fault(expression.Line, "the template does not come to an end");
        switch (expression)
        {
            case Literal literal:
                return literal.Value;
            case NameOf name:
                return frame.Find(name.Name);
            case ListOf list:
                var items = list.Items.Select(item => Evaluate(item, frame));
                return list.IsTuple ? new TupleOf(items) : new List<object?>(items);
            case MappingOf written:
                var mapping = new Mapping();
                foreach (var (key, value) in written.Items)
                    mapping[Evaluate(key, frame) ?? throw Fault(written.Line, "none is no key")] = Evaluate(value, frame);
                return mapping;
            case AttributeOf attribute:
                return Members.Attribute(Owner(attribute.Owner, attribute.Name, frame), attribute.Name);
            case ElementOf element:
                object? place = Evaluate(element.Key, frame);
                return Members.Element(Owner(element.Owner, PythonText.Representation(place), frame), place);
            case SliceOf slice:
                return Slice(slice, frame);
            case CallOf call:
                return Call(call, frame);
            case FilterOf filter:
                return Filter(filter.Line, filter.Name, Evaluate(filter.Value, frame), filter.Arguments, frame);
            case TestOf test:
                return Test(test.Line, test.Name, Evaluate(test.Value, frame), test.Arguments, frame) != test.IsNegated;
            case UnaryOf unary:
                return Unary(unary, frame);
            case BinaryOf { Operator: "and" } both:
                object? first = Evaluate(both.Left, frame);
                return Values.Holds(first) ? Evaluate(both.Right, frame) : first;
            case BinaryOf { Operator: "or" } either:
                object? one = Evaluate(either.Left, frame);
                return Values.Holds(one) ? one : Evaluate(either.Right, frame);
            case BinaryOf binary:
                return Binary(binary, frame);
            case ComparisonOf comparison:
                return Compare(comparison, frame);
            case ChoiceOf choice:
                return Values.Holds(Evaluate(choice.Condition, frame)) ? Evaluate(choice.Value, frame)
                    : choice.Otherwise is { } otherwise ? Evaluate(otherwise, frame)
                    : new Undefined("the value of an 'if' without 'else'");
            default:
                throw new NotSupportedException(expression.GetType().Name);
        }
    }

    private object? Owner(Expression owner, string member, Frame frame) => Evaluate(owner, frame) switch
    {
        Undefined undefined => throw Fault(owner.Line, $"'{undefined.Name}' is undefined, and so it has no '{member}'"),
        var value => value,
    };

    private object? Slice(SliceOf slice, Frame frame)
    {
        object? owner = Owner(slice.Owner, "[:]", frame);
        List<object?> items = owner is string or List<object?>
            ? Values.Items(owner)!.ToList()
            : throw Fault(slice.Line, $"{Values.TypeOf(owner)} has no parts");
        long? Bound(Expression? bound) => bound is null ? null : Evaluate(bound, frame) switch
        {
            long number => number,
            null => null,
            var other => throw Fault(slice.Line, $"a bound of a part is {Values.TypeOf(other)}"),
        };
        long step = Bound(slice.Step) ?? 1;
        if (step == 0)
            throw Fault(slice.Line, "the step of a part is 0");
        List<object?> part = Slices.Part(items, Bound(slice.First), Bound(slice.End), step);
        return owner switch
        {
            string => string.Concat(part),
            TupleOf => new TupleOf(part),
            _ => part,
        };
    }

    private object? Call(CallOf call, Frame frame)
    {
        string name = call.Function switch
        {
            NameOf function => function.Name,
            AttributeOf method => method.Name,
            _ => "what is called",
        };
        return Evaluate(call.Function, frame) switch
        {
            Callable callable => callable(Take(call.Line, name, call.Arguments, frame)),
            Undefined when Globals.Unlisted(name) is { } callable => callable(Take(call.Line, name, call.Arguments, frame)),
            Undefined => throw Fault(call.Line, $"there is no function or method '{name}'"),
            var other => throw Fault(call.Line, $"'{name}' is {Values.TypeOf(other)}, and cannot be called"),
        };
    }

    private Arguments Take(int line, string name, ArgumentList list, Frame frame, params IEnumerable<object?> before) => new(
        name,
        [.. before, .. list.Positional.Select(argument => Evaluate(argument, frame))],
        list.Named.ToDictionary(pair => pair.Name, pair => Evaluate(pair.Value, frame)),
        (template, line));

    private object? Filter(int line, string name, object? value, ArgumentList list, Frame frame)
    {
        Arguments arguments = Take(line, name, list, frame, [value]);
        if (Filters.Find(name) is { } filter)
            return filter(arguments);
        return name switch
        {
            "map" => Map(line, arguments),
            "select" => Select(line, arguments, byAttribute: false, wanted: true),
            "reject" => Select(line, arguments, byAttribute: false, wanted: false),
            "selectattr" => Select(line, arguments, byAttribute: true, wanted: true),
            "rejectattr" => Select(line, arguments, byAttribute: true, wanted: false),
            _ => throw Fault(line, $"the filter '{name}' is not supported"),
        };
    }

    private List<object?> Map(int line, Arguments call)
    {
        List<object?> items = call.Items(call.Positional[0], "the value");
        if (call.Named.TryGetValue("attribute", out object? attribute))
        {
            bool hasDefault = call.Named.TryGetValue("default", out object? otherwise);
            return
            [
                .. items.Select(item => Members.Element(item, attribute) is var found && found is Undefined && hasDefault
                    ? otherwise
                    : Members.Element(item, attribute)),
            ];
        }

        string name = call.Text(call.Positional.ElementAtOrDefault(1), "the filter");
        Callable filter = Filters.Find(name) ?? throw Fault(line, $"the filter '{name}' is not supported");
        return
        [
            .. items.Select(item => filter(new Arguments(name, [item, .. call.Positional.Skip(2)], call.Named, call.Place))),
        ];
    }

    private List<object?> Select(int line, Arguments call, bool byAttribute, bool wanted)
    {
        List<object?> items = call.Items(call.Positional[0], "the value");
        int first = byAttribute ? 2 : 1;
        object? attribute = byAttribute ? call.Text(call.Positional.ElementAtOrDefault(1), "the attribute") : null;
        object? name = call.Positional.ElementAtOrDefault(first);
        return
        [
            .. items.Where(item =>
            {
                object? value = attribute is null ? item : Members.Element(item, attribute);
                bool holds = name is null
                    ? Values.Holds(value)
                    : Test(line, call.Text(name, "the test"), [value, .. call.Positional.Skip(first + 1)], call.Named);
                return holds == wanted;
            }),
        ];
    }

    private bool Test(int line, string name, object? value, ArgumentList list, Frame frame)
    {
        Arguments arguments = Take(line, name, list, frame, [value]);
        return Test(line, name, arguments.Positional, arguments.Named);
    }

    private bool Test(int line, string name, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named) =>
        (ValueTests.Find(name) ?? throw Fault(line, $"the test '{name}' is not supported"))(
            new Arguments(name, positional, named, (template, line)));

    private object? Unary(UnaryOf unary, Frame frame)
    {
        object? operand = Evaluate(unary.Operand, frame);
        return (unary.Operator, operand) switch
        {
            ("not", _) => !Values.Holds(operand),
            ("-", long.MinValue) => throw Fault(unary.Line, "the value of '-' is too large"),
            ("-", long number) => (object)-number,
            ("-", double number) => -number,
            ("+", long or double) => operand,
            _ => throw Fault(unary.Line, $"{Values.TypeOf(operand)} has no sign"),
        };
    }

    private object? Binary(BinaryOf binary, Frame frame)
    {
        object? left = Evaluate(binary.Left, frame), right = Evaluate(binary.Right, frame);
        try
        {
            return Operators.Apply(binary.Operator, left, right) is var value and not Undefined
                ? value
                : throw Fault(
                    binary.Line,
                    $"'{binary.Operator}' cannot be used between {Values.TypeOf(left)} and {Values.TypeOf(right)}");
        }
        catch (Exception e) when (e is DivideByZeroException or OverflowException)
        {
            bool dividesByZero = e is DivideByZeroException;
            throw Fault(
                binary.Line, dividesByZero ? "a number is divided by 0" : $"the value of '{binary.Operator}' is too large");
        }
    }

    private bool Compare(ComparisonOf comparison, Frame frame)
    {
        object? left = Evaluate(comparison.First, frame);
        foreach (var (sign, operand) in comparison.Rest)
        {
            object? right = Evaluate(operand, frame);
            if (!Compare(comparison.Line, sign, left, right))
                return false;
            left = right;
        }

        return true;
    }

    private bool Compare(int line, string sign, object? left, object? right)
    {
        int Order() => Values.Compare(left, right)
            ?? throw Fault(line, $"{Values.TypeOf(left)} and {Values.TypeOf(right)} have no order");
        bool IsIn() => Operators.Contains(right, left)
            ?? throw Fault(line, $"{Values.TypeOf(left)} cannot be in {Values.TypeOf(right)}");
        return sign switch
        {
            "==" => Values.AreEqual(left, right),
            "!=" => !Values.AreEqual(left, right),
            "<" => Order() < 0,
            "<=" => Order() <= 0,
            ">" => Order() > 0,
            ">=" => Order() >= 0,
            "in" => IsIn(),
            _ => !IsIn(),
        };
    }

    private DemException Fault(int line, string what) => TemplateFault.At(template, line, what);
}
