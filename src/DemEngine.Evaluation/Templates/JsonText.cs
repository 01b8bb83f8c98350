using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>
/// Values as JSON, as Python's <c>json.dumps</c> writes it with <c>ensure_ascii=False</c>, which is what transformers takes for
/// the filter <c>tojson</c>.
/// </summary>
/// <param name="indent">Number of blanks a level, or the text itself; null for one line.</param>
/// <param name="itemSeparator">What stands between items.</param>
/// <param name="keySeparator">What stands between a key and its value.</param>
/// <param name="sortsKeys">Whether keys are sorted.</param>
/// <param name="fault">Makes the error about a value that JSON does not have.</param>
internal sealed class JsonText(
    string? indent, string itemSeparator, string keySeparator, bool sortsKeys, Func<string, DemException> fault)
{
    private const int DeepestNesting = 200;

    private readonly StringBuilder _text = new();

    /// <summary>Writes a value.</summary>
    public string Write(object? value)
    {
        Write(value, 0);
        return _text.ToString();
    }

    private void Write(object? value, int depth)
    {
        if (depth > DeepestNesting)
            throw fault("tojson: the value is nested too deeply");
        switch (value)
        {
            case null:
                _text.Append("null");
                break;
            case bool flag:
                _text.Append(flag ? "true" : "false");
                break;
            case long number:
                _text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                _text.Append(double.IsNaN(number) ? "NaN"
                    : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonText.Number(number));
                break;
            case string text:
                Quote(text);
                break;
            case List<object?> list:
                Enclose('[', ']', list, depth, item => Write(item, depth + 1));
                break;
            case Mapping mapping:
                var pairs = mapping.Select(pair => (Key: KeyOf(pair.Key), pair.Value));
                Enclose(
                    '{',
                    '}',
                    [.. sortsKeys ? pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal) : pairs],
                    depth,
                    pair =>
                    {
                        Quote(pair.Key);
                        _text.Append(keySeparator);
                        Write(pair.Value, depth + 1);
                    });
                break;
            default:
                throw fault($"tojson: {Values.TypeOf(value)} cannot be written as JSON");
        }
    }

    private string KeyOf(object key) => key switch
    {
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => PythonText.Number(number),
        _ => throw fault($"tojson: {Values.TypeOf(key)} is no key of JSON"),
    };

    private void Enclose<T>(char open, char close, List<T> items, int depth, Action<T> write)
    {
        _text.Append(open);
        for (int k = 0; k < items.Count; k++)
        {
            if (k > 0)
                _text.Append(itemSeparator);
            Break(depth + 1);
            write(items[k]);
        }

        if (items.Count > 0)
            Break(depth);
        _text.Append(close);
    }

    private void Break(int depth)
    {
        if (indent is null)
            return;
        _text.Append('\n');
        for (int k = 0; k < depth; k++)
            _text.Append(indent);
    }

    private void Quote(string text)
    {
        _text.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append(@"\\"),
                '\n' => _text.Append(@"\n"),
                '\r' => _text.Append(@"\r"),
                '\t' => _text.Append(@"\t"),
                '\b' => _text.Append(@"\b"),
                '\f' => _text.Append(@"\f"),
                < ' ' => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }

        _text.Append('"');
    }
}
