using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>A shell command with placeholders. Their values are quoted as the place in the command needs it.</summary>
internal sealed partial class CommandTemplate
{
    /// <summary>Placeholder for the folder of the model.</summary>
    public const string Model = "{model}";

    /// <summary>Placeholder for the folder of the command's own files.</summary>
    public const string Output = "{out}";

    /// <summary>Placeholder for the devices.</summary>
    public const string Devices = "{gpu}";

    /// <summary>Placeholder for the number of the trial.</summary>
    public const string Trial = "{trial}";

    private const string DefaultDevice = "0";

    private readonly string _text;

    /// <exception cref="DemException">DEM1001 (BadArgument): the command does not say where the model's folder goes.</exception>
    public CommandTemplate(string text)
    {
        if (!text.Contains(Model, StringComparison.Ordinal))
            throw new DemException(
                ErrorCode.BadArgument,
                $"the evaluation command has no {Model} in it, so that it would not know what to evaluate",
                remedy: $"Put {Model} where the command takes the folder of the model, such as in \"lm_eval --model hf "
                    + $"--model_args pretrained={Model} --tasks arc_easy\".");
        _text = text;
    }

    /// <summary>Whether the command writes files that its metrics are read from.</summary>
    public bool HasOutput => _text.Contains(Output, StringComparison.Ordinal);

    /// <summary>Whether the command asks for devices.</summary>
    public bool HasDevices => _text.Contains(Devices, StringComparison.Ordinal);

    /// <summary>Returns the command for a model.</summary>
    /// <param name="model">Folder of the model.</param>
    /// <param name="place">Values of the other placeholders; without devices, the first one is meant.</param>
    public string Fill(string model, CommandPlace place)
    {
        var filled = new StringBuilder();
        var open = new Stack<char>();
        int done = 0;
        foreach (Match placeholder in Placeholder().Matches(_text))
        {
            string before = _text[done..placeholder.Index];
            Follow(before, open);
            string value = Value(placeholder.Value, model, place);
            filled.Append(before).Append(Word(value, open.TryPeek(out char quote) ? quote : '('));
            done = placeholder.Index + placeholder.Length;
        }

        return filled.Append(_text, done, _text.Length - done).ToString();
    }

    /// <summary>
    /// Follows a part of a command for <c>sh</c>: the quotation marks and the parentheses that are open at its end, the
    /// innermost on top. A command within <c>$(…)</c> is quoted by itself, whatever stands around it.
    /// </summary>
    private static void Follow(string part, Stack<char> open)
    {
        for (int i = 0; i < part.Length; i++)
        {
            char c = part[i];
            char inner = open.TryPeek(out char top) ? top : '(';
            bool isQuoted = inner != '(';
            if (c == '\\' && inner != '\'')
                i++;
            else if (c == inner && isQuoted)
                open.Pop();
            else if (!isQuoted && (c is '\'' or '"'))
                open.Push(c);
            else if (c == '(' && (!isQuoted || (inner == '"' && i > 0 && part[i - 1] == '$')))
                open.Push(c);
            else if (c == ')' && !isQuoted)
                open.TryPop(out _);
        }
    }

    /// <summary>Writes a value so that the shell reads exactly it, within the quotation marks where it stands.</summary>
    private static string Word(string value, char quote) => OperatingSystem.IsWindows() && quote != '(' ? value : quote switch
    {
        '\'' => value.Replace("'", @"'\''", StringComparison.Ordinal),
        '"' => Special().Replace(value, @"\$0"),
        _ => ShellWord.Of(value),
    };

    private static string Value(string placeholder, string model, CommandPlace place) => placeholder switch
    {
        Model => model,
        Output => place.Output,
        Trial => place.Trial.ToString(CultureInfo.InvariantCulture),
        _ => place.Devices ?? DefaultDevice,
    };

    [GeneratedRegex(@"[\\""$`]")]
    private static partial Regex Special();

    [GeneratedRegex(@"\{(?:model|out|gpu|trial)\}")]
    private static partial Regex Placeholder();
}
