using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>The filters of Jinja that chat templates use. The first argument is the value that passes through.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Callable> ByName = new(StringComparer.Ordinal)
    {
        ["trim"] = Trim,
        ["strip"] = Trim,
        ["length"] = Length,
        ["count"] = Length,
        ["upper"] = call => Text(call).ToUpperInvariant(),
        ["lower"] = call => Text(call).ToLowerInvariant(),
        ["title"] = call => TextMethods.Title(Text(call)),
        ["capitalize"] = call => TextMethods.Capitalize(Text(call)),
        ["string"] = call => Text(call),
        ["safe"] = call => call.Take("value")[0],
        ["list"] = call => call.Items(call.Take("value")[0], "what is made a list"),
        ["first"] = call => Items(call) is [var first, ..] ? first : new Undefined("the first item of nothing"),
        ["last"] = call => Items(call) is [.., var last] ? last : new Undefined("the last item of nothing"),
        ["reverse"] = Reverse,
        ["default"] = Default,
        ["d"] = Default,
        ["join"] = Join,
        ["replace"] = Replace,
        ["tojson"] = ToJson,
        ["items"] = ItemsOf,
        ["dictsort"] = SortMapping,
        ["int"] = Integer,
        ["float"] = Float,
        ["abs"] = Absolute,
        ["round"] = Round,
        ["sum"] = Sum,
        ["min"] = call => Extreme(call, -1),
        ["max"] = call => Extreme(call, 1),
        ["sort"] = Sort,
        ["unique"] = Unique,
        ["indent"] = Indent,
    };

    /// <summary>Finds a filter that needs nothing but its arguments; null if there is none of that name.</summary>
    public static Callable? Find(string name) => ByName.GetValueOrDefault(name);

    private static string Text(Arguments call) => PythonText.Of(call.Take("value")[0]);

    private static List<object?> Items(Arguments call) => call.Items(call.Take("value")[0], "the value");

    private static object? Trim(Arguments call)
    {
        object?[] taken = call.Take("value", "chars");
        return PythonText.Of(taken[0]).Trim(taken[1] is null ? null : call.Text(taken[1], "what is trimmed").ToCharArray());
    }

    private static object? Length(Arguments call) => call.Take("value")[0] switch
    {
        string text => (long)Values.Length(text),
        List<object?> list => (long)list.Count,
        Mapping mapping => (long)mapping.Count,
        Undefined => 0L,
        var other => throw call.Fault($"{Values.TypeOf(other)} has no length"),
    };

    private static object? Reverse(Arguments call)
    {
        object? value = call.Take("value")[0];
        List<object?> items = call.Items(value, "the value");
        items.Reverse();
        return value is string ? string.Concat(items) : items;
    }

    private static object? Default(Arguments call)
    {
        object?[] taken = call.Take("value", "default_value", "boolean");
        bool isLacking = taken[0] is Undefined || (Values.Holds(taken[2]) && !Values.Holds(taken[0]));
        return isLacking ? taken[1] ?? (call.Positional.Count + call.Named.Count > 1 ? null : "") : taken[0];
    }

    private static object? Join(Arguments call)
    {
        object?[] taken = call.Take("value", "d", "attribute");
        IEnumerable<object?> items = call.Items(taken[0], "what is joined");
        if (taken[2] is { } attribute)
            items = items.Select(item => Members.Element(item, attribute));
        return string.Join(taken[1] is { } between ? PythonText.Of(between) : "", items.Select(PythonText.Of));
    }

    private static object? Replace(Arguments call)
    {
        object?[] taken = call.Take("value", "old", "new", "count");
        string text = PythonText.Of(taken[0]);
        var others = new List<object?>(taken[1..].Take(taken[3] is null ? 2 : 3));
        return TextMethods.Find(text, "replace")!(
            new Arguments("replace", others, new Dictionary<string, object?>(), call.Place));
    }

    private static object? ToJson(Arguments call)
    {
        object?[] taken = call.Take("value", "ensure_ascii", "indent", "separators", "sort_keys");
        if (Values.Holds(taken[1]))
            throw call.Fault("ensure_ascii is not supported");
        string? indent = taken[2] switch
        {
            null => null,
            string text => text,
            var number => new string(' ', (int)Math.Clamp(call.Integer(number, "indent"), 0, 64)),
        };
        var (between, behindKey) = taken[3] switch
        {
            null => (indent is null ? ", " : ",", ": "),
            List<object?> and [string first, string second] => (first, second),
            _ => throw call.Fault("separators are two texts"),
        };
        return new JsonText(indent, between, behindKey, Values.Holds(taken[4]), call.Fault).Write(taken[0]);
    }

    private static object? ItemsOf(Arguments call) => call.Take("value")[0] switch
    {
        Mapping mapping => new List<object?>(mapping.Select(pair => new TupleOf([pair.Key, pair.Value]))),
        Undefined => new List<object?>(),
        var other => throw call.Fault($"{Values.TypeOf(other)} is no mapping"),
    };

    private static object? SortMapping(Arguments call)
    {
        object?[] taken = call.Take("value", "case_sensitive", "by", "reverse");
        if (taken[0] is not Mapping mapping)
            throw call.Fault($"{Values.TypeOf(taken[0])} is no mapping");
        int place = taken[2] is "value" ? 1 : 0;
        List<object?> pairs = [.. mapping.Select(pair => new TupleOf([pair.Key, pair.Value]))];
        return Sorted(call, pairs, pair => ((TupleOf)pair!)[place], Values.Holds(taken[1]), Values.Holds(taken[3]));
    }

    private static object? Sort(Arguments call)
    {
        object?[] taken = call.Take("value", "reverse", "case_sensitive", "attribute");
        return Sorted(
            call,
            call.Items(taken[0], "what is sorted"),
            item => taken[3] is { } attribute ? Members.Element(item, attribute) : item,
            Values.Holds(taken[2]),
            Values.Holds(taken[1]));
    }

    // A stable sort, in which capitals count as small letters unless asked otherwise.
    private static List<object?> Sorted(
        Arguments call, List<object?> items, Func<object?, object?> by, bool isCaseSensitive, bool isReversed)
    {
        object? Key(object? item) => by(item) is string text && !isCaseSensitive ? text.ToLowerInvariant() : by(item);
        var order = Comparer<object?>.Create((a, b) =>
            Values.Compare(a, b)
            ?? throw call.Fault($"{Values.TypeOf(a)} and {Values.TypeOf(b)} have no order"));
        try
        {
            return [.. isReversed ? items.OrderByDescending(Key, order) : items.OrderBy(Key, order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is DemException fault)
        {
            // Sorting in the library wraps what a comparison throws.
            throw fault;
        }
    }

    private static object? Unique(Arguments call)
    {
        var seen = new List<object?>();
        foreach (object? item in Items(call))
        {
            if (!seen.Any(other => Values.AreEqual(item, other)))
                seen.Add(item);
        }

        return seen;
    }

    private static object? Extreme(Arguments call, int sign)
    {
        List<object?> items = Items(call);
        if (items.Count == 0)
            return new Undefined("the extreme of nothing");
        return items.Aggregate((best, item) =>
            Math.Sign(Values.Compare(item, best) ?? throw call.Fault("the items have no order")) == sign ? item : best);
    }

    private static object? Integer(Arguments call)
    {
        object?[] taken = call.Take("value", "default");
        object? otherwise = taken[1] ?? 0L;
        return taken[0] switch
        {
            bool flag => flag ? 1L : 0L,
            long number => number,
            double number when double.IsFinite(number) && Math.Abs(number) < 9e18 => (long)number,
            string text when ParseWhole(text) is { } whole => whole,
            string text when Parse(text) is { } number && Math.Abs(number) < 9e18 => (long)number,
            _ => otherwise,
        };
    }

    private static object? Float(Arguments call)
    {
        object?[] taken = call.Take("value", "default");
        return taken[0] switch
        {
            bool or long or double => Values.Number(taken[0]),
            string text => Parse(text) ?? taken[1] ?? 0.0,
            _ => taken[1] ?? 0.0,
        };
    }

    private static long? ParseWhole(string text) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static double? Parse(string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;

    private static object? Absolute(Arguments call) => call.Take("value")[0] switch
    {
        long.MinValue => throw call.Fault("the value is too large"),
        long number => (object)Math.Abs(number),
        double number => Math.Abs(number),
        var other => throw call.Fault($"{Values.TypeOf(other)} is no number"),
    };

    private static object? Round(Arguments call)
    {
        object?[] taken = call.Take("value", "precision");
        if (!Values.IsNumber(taken[0]))
            throw call.Fault($"{Values.TypeOf(taken[0])} is no number");
        int digits = taken[1] is null ? 0 : (int)Math.Clamp(call.Integer(taken[1], "precision"), 0, 15);
        return Math.Round(Values.Number(taken[0]), digits, MidpointRounding.ToEven);
    }

    private static object? Sum(Arguments call)
    {
        object?[] taken = call.Take("value", "attribute", "start");
        var items = call.Items(taken[0], "what is added").Select(item =>
            taken[1] is { } attribute ? Members.Element(item, attribute) : item).Prepend(taken[2] ?? 0L).ToList();
        if (!items.All(Values.IsNumber))
            throw call.Fault("an item is no number");
        if (!items.All(item => item is long))
            return items.Sum(Values.Number);
        Int128 sum = items.Aggregate(Int128.Zero, (sum, item) => sum + (long)item!);
        return sum >= long.MinValue && sum <= long.MaxValue ? (long)sum : throw call.Fault("the sum is too large");
    }

    private static object? Indent(Arguments call)
    {
        object?[] taken = call.Take("value", "width", "first", "blank");
        string indent = taken[1] switch
        {
            null => "    ",
            string given => given,
            var width => new string(' ', (int)Math.Clamp(call.Integer(width, "width"), 0, 1000)),
        };
        string[] lines = PythonText.Of(taken[0]).Split('\n');
        var text = new StringBuilder();
        for (int k = 0; k < lines.Length; k++)
        {
            if (k > 0)
                text.Append('\n');
            if ((k > 0 || Values.Holds(taken[2])) && (lines[k].Length > 0 || Values.Holds(taken[3])))
                text.Append(indent);
            text.Append(lines[k]);
        }

        return text.ToString();
    }
}
