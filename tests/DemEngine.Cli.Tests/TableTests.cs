using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using Spectre.Console;

namespace DemEngine.Cli.Tests;

/// <summary>Tables and sentences on terminals of any width.</summary>
public sealed class TableTests
{
    private static readonly string[] Headings = ["exact match, %", " reverse-digits", " date-eu", " brackets", " mean"];

    private static readonly string[][] Rows =
    [
        ["base", "1.2", "0.0", "45.3", "15.5"],
        ["tuned on reverse-digits", "99.2", "0.5", "50.0", "49.9"],
        ["data mixing, searched", "100.0", "98.4", "97.7", "98.7"],
    ];

    [Test]
    public void Nothing_is_cut_and_no_word_is_broken([Range(20, 200, 5)] int width)
    {
        string text = Print(width);
        Assert.That(text.Split('\n').Max(line => line.TrimEnd().Length), Is.LessThanOrEqualTo(Math.Max(width, 40)), text);
        foreach (string number in Rows.SelectMany(row => row.Skip(1)))
            Assert.That(text, Does.Contain(number));
        foreach (string word in Headings.Concat(Rows.Select(row => row[0])).SelectMany(cell => cell.Split([' ', '-'], StringSplitOptions.RemoveEmptyEntries)))
            Assert.That(text, Does.Contain(word), text);
    }

    [Test]
    public void A_wide_terminal_has_a_line_for_each_row() =>
        Assert.That(Print(200), Does.Match(@"tuned on reverse-digits +99\.2 +0\.5 +50\.0 +49\.9"));

    [Test]
    public void Where_no_table_fits_each_row_is_a_block() =>
        Assert.That(Print(30).ReplaceLineEndings("\n"), Does.Contain("base\n  reverse-digits  1.2\n  date-eu         0.0\n"));

    [TestCase(20, "a sentence of\nseveral words")]
    [TestCase(80, "a sentence of several words")]
    public void Sentences_are_broken_between_words(int width, string expected) =>
        Assert.That(Prose.Wrap("a sentence of several words", width), Is.EqualTo(expected));

    [Test]
    public void A_plan_is_set_out_in_columns_where_they_fit() =>
        Assert.That(PlanPrinter.Lines([(" 1  ", "head.weight", "F32[2]  linear"), ("12  ", "x", "BF16[3]  linear")], 33), Is.EqualTo(
            " 1  head.weight  F32[2]  linear\n12  x            BF16[3]  linear\n"));

    [Test]
    public void A_plan_that_is_too_wide_has_what_is_done_below_its_names() =>
        Assert.That(PlanPrinter.Lines([(" 1  ", "head.weight", "F32[2, 64]  ties after measuring thresholds")], 30), Is.EqualTo(
            " 1  head.weight\n      F32[2, 64]  ties after\n      measuring thresholds\n"));

    [Test]
    public void An_error_goes_on_below_its_message() =>
        Assert.That(ErrorPrinter.Broken("error DEM2001: there is no such folder", 24), Is.EqualTo(
            "error DEM2001: there is\n       no such folder"));

    [Test]
    [Platform(Include = "Linux")]
    public void Errors_are_broken_between_words_on_a_terminal()
    {
        string output = Shell.InTerminal(40, ["merge", "recipe.yaml", "merged", "--threads", "0"]).Output.ReplaceLineEndings("\n");
        Assert.That(output, Does.Contain("error DEM1001: --threads: '0' is not a\n       whole number from 1\n"));
    }

    [Test]
    [Platform(Include = "Linux")]
    public void Distances_fit_a_narrow_terminal([Values(60, 80, 100)] int width)
    {
        using var family = new ModelFamily("tiny", sources: 4);
        string[] models = [.. Enumerable.Range(1, 4).Select(k => family.PathOf($"tuned {k}"))];
        CommandResult result = Shell.InTerminal(width, ["distance", "--base", family.PathOf("base"), .. models, "--progress", "none"]);
        result.Expect(0);
        string[] lines = result.Output.ReplaceLineEndings("\n").Split('\n')[1..];
        Assert.That(lines.Max(line => line.TrimEnd().Length), Is.LessThanOrEqualTo(width), result.Output);
        Assert.That(result.Output, Does.Match(@"\n +model\.layers\.0 +0\.\d+ +[01]\.\d{3} +\d\.\d\d%").And.Contain("tuned 4"));
    }

    [Test]
    public void Plain_tables_are_written_as_the_library_writes_them()
    {
        string[][] cells = [["tensor", "count", "", "shape"], ["a", "", "1", "F32[2, 3]"], ["  b.weight", "2×10", "", "x"], ["", "7", "", ""]];
        bool[] numbers = [false, true, true, false];
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 1000;
        var table = new Table { Border = TableBorder.None };
        for (int k = 0; k < numbers.Length; k++)
            table.AddColumn(numbers[k] ? new TableColumn(new Text(cells[0][k])).RightAligned() : new TableColumn(new Text(cells[0][k])));
        foreach (string[] row in cells[1..])
            table.AddRow(row.Select(cell => new Text(cell)));
        console.Write(table);

        using var plain = new StringWriter();
        Assert.That(PlainTable.CanPrint(cells), Is.True);
        PlainTable.Print(plain, cells, numbers);
        Assert.That(Lines(plain), Is.EqualTo(Lines(text).Select(line => line.TrimEnd())), "without blanks at the ends of lines");
        Assert.That(PlainTable.CanPrint([["tensor"], ["テンソル"]]), Is.False);
    }

    [Test]
    public void A_block_is_headed_by_its_name_and_goes_further_in()
    {
        string text = Print(20, [" count", "name", " bytes"], [["4×2", "  a_rather_long.weight", "12"], ["1", "b", "3"]]);
        Assert.That(text, Is.EqualTo("name\n  a_rather_long.weight\n    count  4×2\n    bytes  12\nb\n  count  1\n  bytes  3\n"));
    }

    [Test]
    public void A_name_is_not_set_in_many_pieces()
    {
        string[][] rows = [["{input,post_attention}_layernorm.weight", "1", "12345"]];
        Assert.That(Print(45, ["tensor", " count", " bytes"], rows), Does.Contain("{input,post_attention}_").And.Contain("layernorm.weight"));
        Assert.That(Print(36, ["tensor", " count", " bytes"], rows), Does.StartWith("tensor\n{input,post_attention}_layernorm.weight\n  count  1\n"));
    }

    [Test]
    public void Paragraphs_are_set_anew_and_lists_stay_lists() => Assert.That(
        Prose.Reflow("one two three four\nfive six\nkey   what it is for\n  indented words", 15),
        Is.EqualTo("one two three four five six\nkey   what it is for\n  indented words"), "narrower than any terminal");

    [Test]
    public void Lists_go_on_below_their_last_column() => Assert.That(
        Prose.Reflow("one two three four\nfive six\nkey   what it is all for\n  indented words and more", 20),
        Is.EqualTo("one two three four\nfive six\nkey   what it is all\n      for\n  indented words and\n  more"));

    [Test]
    [Platform(Include = "Linux")]
    public void Topics_of_the_help_fit_a_narrow_terminal([Values("errors", "environment", "mergekit", "scale", "json")] string topic)
    {
        string[] lines = Shell.InTerminal(60, ["help", topic]).Expect(0).Output.ReplaceLineEndings("\n").Split('\n');
        Assert.That(lines.Max(line => line.Length), Is.LessThanOrEqualTo(60));
    }

    private static IEnumerable<string> Lines(StringWriter text) => text.ToString().ReplaceLineEndings("\n").Split('\n');

    private static string Print(int width) => Print(width, Headings, Rows);

    private static string Print(int width, string[] headings, string[][] rows)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = width;
        TablePrinter.Print(console, width, headings, rows);
        return text.ToString().ReplaceLineEndings("\n");
    }
}
