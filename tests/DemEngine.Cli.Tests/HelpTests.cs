using System.CommandLine;
using System.Text.RegularExpressions;
using DemEngine.Cli.Output;

namespace DemEngine.Cli.Tests;

public partial class HelpTests
{
    private static readonly string[] Commands = [.. DemCommand.Build().Subcommands.Select(command => command.Name)];

    [Test]
    public void The_help_lists_every_command()
    {
        CommandResult result = Dem.Run("--help").Expect(0);
        foreach (string command in Commands)
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

    [TestCaseSource(nameof(Commands))]
    public void Every_option_is_described_and_takes_a_named_value(string name)
    {
        Command command = DemCommand.Build().Subcommands.Single(one => one.Name == name);
        string help = Dem.Run(name, "--help").Expect(0).Output;
        Assert.That(command.Description, Does.EndWith("."));
        foreach (Option option in command.Options)
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

    [GeneratedRegex("default", RegexOptions.IgnoreCase)]
    private static partial Regex DefaultWord();
}
