using System.CommandLine;
using System.Text.RegularExpressions;
using DemEngine.Cli.Output;
using DemEngine.Cli.Shells;

namespace DemEngine.Cli.Tests;

public partial class HelpTests
{
    private static readonly string[] Commands = [.. DemCommand.Build().Subcommands.Select(command => command.Name)];

    [Test]
    public void The_help_lists_every_command()
    {
        CommandResult result = Dem.Run("--help").Expect(0);
        foreach (string command in Commands.Except(["man"]))
            Assert.That(result.Output, Does.Match($@"\n  {command} "));
        Assert.That(result.Output, Does.Contain("dem help errors"));
        Assert.That(result.Error, Is.Empty);
    }

    [TestCase("help", "")]
    [TestCase("-h", "")]
    [TestCase("-?", "")]
    [TestCase("merge", "-h")]
    [TestCase("help", "merge")]
    public void There_are_many_ways_to_ask(string first, string second) =>
        Assert.That(Dem.Run([.. new[] { first, second }.Where(word => word != "")]).Expect(0).Output, Does.Contain("Usage:"));

    [TestCase("tell", " search tell [options]", 0)]
    [TestCase("ask", " search ask <recipe> [options]", 2)]
    public void A_command_in_a_command_shows_its_own_arguments(string name, string usage, int mentioned)
    {
        string help = Dem.Run("search", name, "--help").Expect(0).Output;
        Assert.That(help, Does.Contain(usage));
        Assert.That(help.Split("<recipe>"), Has.Length.EqualTo(mentioned + 1));
        Assert.That(Regex.Count(help, "(?m)^  --json "), Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Commands))]
    public void Every_option_is_described_and_takes_a_named_value(string name)
    {
        Command command = DemCommand.Build().Subcommands.Single(one => one.Name == name);
        string help = Dem.Run(name, "--help").Expect(0).Output;
        Assert.That(command.Description, Does.EndWith("."));
        foreach (Option option in command.Options.Where(option => !option.Hidden))
        {
            Assert.That(help, Does.Contain(option.Name));
            Assert.That(option.Description, Does.EndWith("."), option.Name);
            if (option.ValueType != typeof(bool) && option.ValueType != typeof(void))
                Assert.That(option.HelpName, Is.Not.Null.And.Not.Empty, option.Name);
        }

        foreach (Argument argument in command.Arguments)
            Assert.That(argument.Description, Does.EndWith("."), argument.Name);
    }

    [TestCaseSource(nameof(Commands))]
    public void Defaults_are_said_once(string name)
    {
        string help = Dem.Run(name, "--help").Expect(0).Output;
        Assert.That(help, Does.Not.Contain("[default"));
        foreach (string line in help.Split('\n'))
            Assert.That(DefaultWord().Count(line), Is.LessThanOrEqualTo(1), line);
    }

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("help")]
    public void Every_error_code_is_listed(string first)
    {
        string text = Dem.Run(first, "errors").Expect(0).Output;
        foreach (ErrorCode code in ErrorCode.All)
            Assert.That(text, Does.Contain($"{code}  (exit {code.ExitCode})  {Remedies.MeaningOf(code)}").And.Contain(Remedies.Of(code)));
    }

    [Test]
    public void The_version_says_what_there_is()
    {
        CommandResult result = Dem.Run("--version").Expect(0);
        Assert.That(result.Output, Does.Match(@"^DemEngine \d+\.\d+\.\d+"));
        Assert.That(result.Output, Does.Match(@"\n  ILGPU \d+\.\d+\.\d+\n"));
        Assert.That(result.Output, Does.Match(@"\n  TorchSharp \d+\.\d+\.\d+, (libtorch|cannot be used)"));
    }

    [Test]
    public void Each_topic_is_listed_and_printed()
    {
        string topics = Dem.Run("help", "topics").Expect(0).Output;
        foreach (var (name, (title, text)) in HelpTexts.All)
        {
            Assert.That(topics, Does.Contain(name).And.Contain(title));
            Assert.That(Dem.Run("help", name).Expect(0).Output.TrimEnd(), Is.EqualTo(text));
        }
    }

    [Test]
    public void The_manual_has_every_command_and_option()
    {
        string page = Dem.Run("man").Expect(0).Output;
        Assert.That(page, Does.StartWith(".TH DEM 1 "));
        foreach (Command command in DemCommand.Build().Subcommands.Where(command => !command.Hidden))
        {
            Assert.That(page, Does.Contain($".SS dem {command.Name}"));
            foreach (Option option in command.Options.Where(option => !option.Hidden))
                Assert.That(page, Does.Contain(option.Name.Replace("-", "\\-", StringComparison.Ordinal)));
        }

        foreach (string line in page.Split('\n').Where(line => line.StartsWith('.')))
            Assert.That(line, Does.Match(@"^\.(TH|SH|SS|TP|PP|B|I|nf|fi|RS|RE)( |$)"), "no text begins with a dot");
        Assert.That(page, Has.All.InRange('\n', '~'), "every formatter reads it, whatever encoding it takes pages for");
        Assert.That(page, Does.Not.Match(@"here \d"), "it says nothing of the machine that it was made on");
    }

    [Test]
    public void The_manuals_examples_run()
    {
        using var folder = new TempFolder();
        string page = Dem.Run("man").Expect(0).Output.Replace("\\-", "-", StringComparison.Ordinal);
        string[] examples = [.. Example().Matches(page).Select(match => match.Groups[1].Value)];
        Assert.That(examples, Has.Length.GreaterThan(5));
        foreach (string example in examples)
        {
            // Evaluation needs a real model and data; its words are parsed all the same.
            if (example.StartsWith("search ", StringComparison.Ordinal))
                Assert.That(DemCommand.Build().Parse(example).Errors, Is.Empty);
            else
                Dem.Run([.. example.Split(' ').Select(word => IsPlace(word) ? Path.Combine(folder.Path, word) : word)]).Expect(0);
        }

        static bool IsPlace(string word) => word.StartsWith("examples", StringComparison.Ordinal) || word == "merged";
    }

    [GeneratedRegex(@"\.RS 4\n\.nf\ndem (.*)\n\.fi")]
    private static partial Regex Example();

    [GeneratedRegex("default", RegexOptions.IgnoreCase)]
    private static partial Regex DefaultWord();
}
