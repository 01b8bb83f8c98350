using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DemEngine.Cli.Tests;

/// <summary>What the documentation refers to: files and headings that it links to, pictures that it shows, commands that it says to type.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    private static readonly string[] Pages =
    [
        .. Directory.GetFiles(Root, "*.md"),
        .. new[] { "docs", "src", "kernels", "perf", "tools" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories))
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal)),
    ];

    [Test]
    public void Every_link_leads_to_a_file_and_a_heading_that_are_there()
    {
        int links = 0;
        foreach (string page in Pages)
        {
            foreach (Match match in Link().Matches(Fence().Replace(File.ReadAllText(page), "")))
            {
                string[] parts = match.Groups[1].Value.Split('#');
                if (parts[0].Contains(':', StringComparison.Ordinal))
                    continue;
                links++;
                string target = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]));
                Assert.That(Path.Exists(target), $"{page}: {match.Value}");
                if (parts.Length > 1)
                    Assert.That(Headings(target), Does.Contain(parts[1]), $"{page}: {match.Value}");
            }
        }

        Assert.That(links, Is.GreaterThan(100));
    }

    [Test]
    public void Every_picture_is_one_that_is_drawn_says_what_it_shows_and_has_colours_for_the_dark()
    {
        string[] shown = [.. Pages.SelectMany(page => Picture().Matches(File.ReadAllText(page)).Select(match => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, match.Groups[2].Value)))).Distinct()];
        Assert.That(shown, Has.Length.GreaterThan(5));
        foreach (string picture in shown)
        {
            Assert.That(Path.GetExtension(picture), Is.EqualTo(".svg"), picture);
            XElement root = XDocument.Load(picture).Root!;
            Assert.That(root.Elements().First().Name.LocalName, Is.EqualTo("title"), picture);
            Assert.That(root.Descendants().Count(one => one.Name.LocalName is "path" or "rect"), Is.GreaterThan(10), picture);
            Assert.That(root.Value, Does.Contain("prefers-color-scheme: dark"), picture);
        }

        foreach (string page in Pages)
            Assert.That(Picture().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value.Length), Is.All.GreaterThan(20), $"{page}: what a picture shows is said to those who do not see it");
    }

    [Test]
    public void Every_command_has_the_options_and_words_that_it_is_shown_with()
    {
        int commands = 0;
        foreach (string page in Pages)
        {
            foreach (string command in Commands(File.ReadAllText(page)))
            {
                commands++;
                Assert.That(DemCommand.Build().Parse(command).Errors.Select(error => error.Message), Is.Empty, $"{page}: dem {command}");
            }
        }

        Assert.That(commands, Is.GreaterThan(40));
    }

    /// <summary>The words after <c>dem</c> of every command in the page's blocks, up to what a shell takes for its own.</summary>
    private static IEnumerable<string> Commands(string text)
    {
        foreach (Match block in Fence().Matches(text).Where(match => match.Groups[1].Value is "" or "sh" or "bash"))
        {
            string lines = block.Groups[2].Value.Replace("\\\n", " ", StringComparison.Ordinal);
            foreach (Match match in Command().Matches(lines))
            {
                string words = Substitution().Replace(match.Groups[1].Value, "x").Replace("--trial \"$trial\"", "--trial 1", StringComparison.Ordinal);
                words = words.Replace("--part K", "--part 0", StringComparison.Ordinal).Replace("--resume=auto", "--resume-auto", StringComparison.Ordinal);
                yield return words.Replace('\'', '"');
            }
        }
    }

    /// <summary>The headings of a page as GitHub names them in addresses.</summary>
    private static string[] Headings(string page) =>
    [
        .. Heading().Matches(File.ReadAllText(page)).Select(match =>
            NoLetter().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Picture();

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"(?<![\w./-])dem ((?:\$\([^)]*\)|[^\n#&|;()])+)")]
    private static partial Regex Command();

    [GeneratedRegex(@"\$\([^)]*\)")]
    private static partial Regex Substitution();

    [GeneratedRegex(@"^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\p{M}_ -]")]
    private static partial Regex NoLetter();
}
