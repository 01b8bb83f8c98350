using System.CommandLine;
using System.Text;
using DemEngine.Cli.Options;

namespace DemEngine.Cli.Shells;

/// <summary>The manual page, dem(1), from the same definitions as the help.</summary>
internal static class ManPage
{
    /// <summary>What people do most, and the commands for it.</summary>
    public static readonly (string What, string Command)[] Examples =
    [
        ("Make small models, and merge one of their recipes:", "dem synth --examples examples"),
        ("", "dem merge examples/ties.yaml --out merged"),
        ("See what is wrong with a recipe, and what a merge would take:", "dem check examples/dem.yaml"),
        ("Check an output against its manifest:", "dem verify merged"),
        ("See how far a model has moved from its base:", "dem distance --base examples/models/base merged"),
        ("Find a recipe's coefficients on validation data:", "dem search recipe.yaml --valid math=math.jsonl --out search"),
    ];

    /// <summary>Returns the page in the language of man(7).</summary>
    /// <param name="root">Root of the commands.</param>
    /// <param name="version">Version of the program.</param>
    /// <param name="topics">Further texts: title and contents.</param>
    public static string Write(Command root, string version, IEnumerable<(string Title, string Text)> topics)
    {
        var page = new StringBuilder()
            .Append($".TH DEM 1 \"\" \"{Escape(version)}\" \"User Commands\"\n")
            .Append(".SH NAME\ndem \\- merge large language-model checkpoints\n")
            .Append(".SH SYNOPSIS\n.B dem\n.I COMMAND\n[\\fIoptions\\fR]\n")
            .Append($".SH DESCRIPTION\n{Paragraph(root.Description)}");
        page.Append(".SH COMMANDS\n");
        foreach (var (name, command) in CommandWords.All(root).Skip(1))
        {
            IEnumerable<string> arguments = command.Arguments.Select(argument => $" {Escape(argument.Name.ToUpperInvariant())}");
            page.Append($".SS dem {Escape(name)}{string.Concat(arguments)}\n");
            page.Append(Paragraph(command.Description));
            foreach (Argument argument in command.Arguments)
                page.Append($".TP\n.I {Escape(argument.Name.ToUpperInvariant())}\n{Paragraph(argument.Description)}");
            foreach (Option option in command.Options.Where(option => !option.Hidden))
                page.Append(Describe(option));
        }

        page.Append(".SH EXAMPLES\n");
        string between = "";
        foreach (var (what, example) in Examples)
        {
            page.Append($"{(what.Length > 0 ? between + Paragraph(what) : "")}.RS 4\n.nf\n{Lines(example)}.fi\n.RE\n");
            between = ".PP\n";
        }

        page.Append(".SH OPTIONS OF EVERY COMMAND\n");
        foreach (Option option in root.Options.Where(option => !option.Hidden))
            page.Append(Describe(option));
        foreach (var (title, text) in topics)
            page.Append($".SH {Escape(title.ToUpperInvariant())}\n.nf\n{Lines(text)}.fi\n");
        return page.ToString();
    }

    private static string Describe(Option option)
    {
        string names = string.Join(", ", option.Aliases.Append(option.Name).Distinct().Where(name => name.StartsWith('-'))
            .OrderBy(name => name.Length)
            .Select(name => $"\\fB{Escape(name)}\\fR"));
        string value = CommandWords.TakesValue(option) ? $" \\fI{Breakable(option.HelpName ?? "value")}\\fR" : "";
        return $".TP\n{names}{value}\n{Paragraph(option.Description)}";
    }

    // The page is for all machines: how many processors this one has does not belong there.
    private static string Paragraph(string? text) =>
        Lines((text ?? "").ReplaceLineEndings(" ").Replace($", here {DefaultThreads.Count}.", ".", StringComparison.Ordinal));

    private static string Lines(string text) =>
        string.Concat(text.Split('\n').Select(line => $"{Control(Escape(line.TrimEnd('\r')))}\n"));

    /// <summary>A line that begins with a dot or an apostrophe would be an instruction.</summary>
    private static string Control(string line) => line is ['.' or '\'', ..] ? $"\\&{line}" : line;

    /// <summary>Alternatives between strokes, which may go to the next line.</summary>
    private static string Breakable(string values) => Escape(values).Replace("|", "|\\:", StringComparison.Ordinal);

    /// <summary>The text in characters that every formatter reads, whatever encoding it takes pages for.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            escaped.Append(rune.Value switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                > 126 => $"\\[u{rune.Value:X4}]",
                _ => rune.ToString(),
            });
        return escaped.ToString();
    }
}
