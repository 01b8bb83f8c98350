namespace DemEngine.Evaluation.Templates;

/// <summary>The tests of Jinja that chat templates use. The first argument is the value that is asked about.</summary>
internal static class ValueTests
{
    private static readonly Dictionary<string, Func<Arguments, bool>> ByName = new(StringComparer.Ordinal)
    {
        ["defined"] = call => call.Take("value")[0] is not Undefined,
        ["undefined"] = call => call.Take("value")[0] is Undefined,
        ["none"] = call => call.Take("value")[0] is null,
        ["string"] = call => call.Take("value")[0] is string,
        ["mapping"] = call => call.Take("value")[0] is Mapping,
        ["sequence"] = call => call.Take("value")[0] is string or List<object?> or Mapping or Undefined,
        ["iterable"] = call => Values.Items(call.Take("value")[0]) is not null,
        ["number"] = call => Values.IsNumber(call.Take("value")[0]),
        ["integer"] = call => call.Take("value")[0] is long,
        ["float"] = call => call.Take("value")[0] is double,
        ["boolean"] = call => call.Take("value")[0] is bool,
        ["true"] = call => call.Take("value")[0] is true,
        ["false"] = call => call.Take("value")[0] is false,
        ["callable"] = call => call.Take("value")[0] is Callable,
        ["odd"] = call => call.Integer(call.Take("value")[0], "the value") % 2 != 0,
        ["even"] = call => call.Integer(call.Take("value")[0], "the value") % 2 == 0,
        ["divisibleby"] = call => call.Take("value", "num") is [var value, var by]
            && call.Integer(by, "the divisor") is var divisor and not 0
            && call.Integer(value, "the value") % divisor == 0,
        ["lower"] = call => PythonText.Of(call.Take("value")[0]) is var text && text == text.ToLowerInvariant(),
        ["upper"] = call => PythonText.Of(call.Take("value")[0]) is var text && text == text.ToUpperInvariant(),
        ["equalto"] = AreEqual,
        ["eq"] = AreEqual,
        ["ne"] = call => !AreEqual(call),
        ["gt"] = call => Order(call) > 0,
        ["lt"] = call => Order(call) < 0,
        ["ge"] = call => Order(call) >= 0,
        ["le"] = call => Order(call) <= 0,
        ["in"] = call => call.Take("value", "seq") is [var value, var list]
            && (Operators.Contains(list, value) ?? throw call.Fault($"{Values.TypeOf(list)} contains nothing")),
    };

    /// <summary>Finds a test; null if there is none of that name.</summary>
    public static Func<Arguments, bool>? Find(string name) => ByName.GetValueOrDefault(name);

    private static bool AreEqual(Arguments call) =>
        call.Take("value", "other") is [var value, var other] && Values.AreEqual(value, other);

    private static int Order(Arguments call) =>
        call.Take("value", "other") is [var value, var other] && Values.Compare(value, other) is { } order
            ? order
            : throw call.Fault("the values have no order");
}
