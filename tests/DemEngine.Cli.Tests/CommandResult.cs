using System.Text.Json;
using System.Text.RegularExpressions;
using DemEngine.Cli.Output;

namespace DemEngine.Cli.Tests;

/// <summary>What a command returned and printed.</summary>
internal sealed partial record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Standard output as the one JSON object that it must be.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>The lines of standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Checks that it did what it should, and shows what it printed otherwise.</summary>
    public CommandResult Expect(int exitCode)
    {
        Assert.That(ExitCode, Is.EqualTo(exitCode), () => Output + Error);
        return this;
    }

    /// <summary>Checks that it failed as documented: exit code, code and message on one line, then the remedy, and no more.</summary>
    public CommandResult ExpectError(ErrorCode code, string message = "")
    {
        Expect(code.ExitCode);
        if (Output.StartsWith('{'))
            Assert.That(Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo($"{code}"));
        else
            Assert.That(Output, Is.Empty);
        Assert.That(ErrorLines, Has.Length.EqualTo(2), Error);
        Assert.That(ErrorLines[0], Does.StartWith($"error {code}: ").And.Contains(message));
        if (code != ErrorCode.BadArgument || !HelpOfCommand().IsMatch(ErrorLines[1]))
            Assert.That(ErrorLines[1].Trim(), Is.EqualTo(Remedies.Of(code)));
        Assert.That(Error, Does.Not.Match(StackTrace()));
        return this;
    }

    [GeneratedRegex("^ +`dem .*--help` (says what it takes|lists the commands)\\.$")]
    private static partial Regex HelpOfCommand();

    [GeneratedRegex(@"^\s+at \w+", RegexOptions.Multiline)]
    private static partial Regex StackTrace();
}
