using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>
/// The functions that a template may call: Jinja's <c>range</c>, <c>dict</c> and <c>namespace</c>, and transformers'
/// <c>raise_exception</c> and <c>strftime_now</c>.
/// </summary>
internal static class Globals
{
    private const long LongestRange = 100_000;

    // The day that Llama 3's templates take where they are given none.
    private static readonly DateTime Today = new(2024, 7, 26, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Makes a frame of the functions that a template finds when it asks whether they are there.</summary>
    public static Frame Frame()
    {
        var frame = new Frame(null);
        frame.Set("range", (Callable)Range);
        frame.Set("dict", (Callable)Dict);
        frame.Set("namespace", (Callable)MakeNamespace);
        frame.Set("raise_exception", (Callable)Raise);
        return frame;
    }

    /// <summary>
    /// A function that can be called, though a template that asks whether it is there is told that it is not. That is the
    /// clock: the same data shall give the same tokens on every day, so that templates that can do without a date do, and others
    /// have always the same.
    /// </summary>
    public static Callable? Unlisted(string name) => name == "strftime_now" ? Now : null;

    private static object? Range(Arguments call)
    {
        long[] bounds = [.. call.Positional.Select(bound => call.Integer(bound, "a bound"))];
        var (first, end, step) = bounds switch
        {
            [var last] => (0, last, 1),
            [var start, var last] => (start, last, 1),
            [var start, var last, var each] when each != 0 => (start, last, each),
            _ => throw call.Fault("it takes an end, a start and an end, or these and a step"),
        };
        if (Math.Abs((double)end - first) / Math.Abs((double)step) > LongestRange)
            throw call.Fault($"it has more than {LongestRange} numbers");
        var numbers = new List<object?>();
        for (Int128 number = first; step > 0 ? number < end : number > end; number += step)
            numbers.Add((long)number);
        return numbers;
    }

    private static Mapping Dict(Arguments call)
    {
        var mapping = new Mapping();
        if (call.Positional is [Mapping given])
        {
            foreach (var (key, value) in given)
                mapping[key] = value;
        }
        else if (call.Positional.Count > 0)
        {
            throw call.Fault("it takes a mapping and names with values");
        }

        foreach (var (key, value) in call.Named)
            mapping[key] = value;
        return mapping;
    }

    private static object? MakeNamespace(Arguments call)
    {
        var group = new Namespace();
        foreach (var (key, value) in Dict(call))
            group.Members[PythonText.Of(key)] = value;
        return group;
    }

    private static object? Raise(Arguments call) =>
        throw TemplateFault.Refused(call.Place.Template, call.Place.Line, PythonText.Of(call.Take("message")[0]));

    private static object? Now(Arguments call)
    {
        string format = call.Text(call.Take("format")[0], "the format");
        var text = new StringBuilder();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
                text.Append(format[at]);
            else
                text.Append(Part(format[++at]) ?? throw call.Fault($"%{format[at]} is not supported"));
        }

        return text.ToString();
    }

    private static string? Part(char kind)
    {
        string? format = kind switch
        {
            'd' => "dd",
            'm' => "MM",
            'b' => "MMM",
            'B' => "MMMM",
            'y' => "yy",
            'Y' => "yyyy",
            'a' => "ddd",
            'A' => "dddd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            _ => null,
        };
        return kind == '%' ? "%" : format is null ? null : Today.ToString(format, CultureInfo.InvariantCulture);
    }
}
