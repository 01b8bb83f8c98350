using System.Text.RegularExpressions;

namespace DemEngine.Cli.Tests;

/// <summary>The container file, as far as it can be checked without building images.</summary>
public partial class ContainerTests
{
    private static readonly string[] Known = ["ARG", "FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "ENTRYPOINT"];

    private static string Repository => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    [Test]
    public void Each_instruction_is_one_and_stages_come_before_they_are_used()
    {
        var stages = new List<string>();
        foreach (string[] words in Instructions())
        {
            Assert.That(Known, Has.Member(words[0]));
            if (words[0] == "FROM")
            {
                Assert.That(words, Has.Length.EqualTo(4));
                Assert.That(words[1].StartsWith("mcr.microsoft.com/dotnet/", StringComparison.Ordinal) || stages.Contains(words[1]), words[1]);
                stages.Add(words[3]);
            }
            else if (words[0] == "COPY" && words[1].StartsWith("--from=", StringComparison.Ordinal))
            {
                Assert.That(stages.SkipLast(1), Has.Member(words[1]["--from=".Length..]));
            }
        }

        Assert.That(stages[^1], Is.EqualTo("dem"), "the stage that is built where none is named");
    }

    [Test]
    public void Images_run_as_a_user_who_is_not_root()
    {
        string? user = null;
        var users = new Dictionary<string, string?>();
        string stage = "";
        foreach (string[] words in Instructions())
        {
            if (words[0] == "FROM")
                (stage, user) = (words[3], null);
            else if (words[0] == "USER")
                user = words[1];
            users[stage] = user;
        }

        foreach (string image in new[] { "dem", "full" })
            Assert.That(users[image], Does.Match("^[1-9][0-9]+$"), image);
    }

    [Test]
    public void Each_command_is_what_a_shell_can_read_and_builds_what_is_there()
    {
        string shell = "/bin/sh";
        if (!File.Exists(shell))
            Assert.Ignore("there is no shell");
        foreach (string command in Instructions().Where(words => words[0] == "RUN").Select(words => string.Join(' ', words[1..])))
        {
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(shell, ["-n", "-c", command]))!;
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, command);
            foreach (Match project in ProjectPattern().Matches(command))
                Assert.That(Directory.Exists(Path.Combine(Repository, project.Groups[1].Value)), project.Groups[1].Value);
        }
    }

    private static IEnumerable<string[]> Instructions()
    {
        string text = File.ReadAllText(Path.Combine(Repository, "tools", "container", "Containerfile"));
        IEnumerable<string> lines = text.Split('\n').Where(line => !line.TrimStart().StartsWith('#'));
        return string.Join('\n', lines).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 0);
    }

    [GeneratedRegex(@"dotnet publish (\S+)")]
    private static partial Regex ProjectPattern();
}
