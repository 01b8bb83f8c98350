namespace DemEngine.Cli.Tests;

/// <summary><c>dem completion</c>.</summary>
public sealed class CompletionTests
{
    [Platform(Include = "Unix")]
    [TestCase("dem me", "merge")]
    [TestCase("dem merge --th", "--threads")]
    [TestCase("dem merge --missing ", "base fail")]
    [TestCase("dem merge r.yaml --out x --resu", "--resume --resume=auto")]
    [TestCase("dem --progress j", "json")]
    [TestCase("dem merge r.yaml --progress n", "none")]
    [TestCase("dem setup t", "torch")]
    [TestCase("dem setup torch c", "cpu cuda-12.8")]
    [TestCase("dem setup torch --so", "--source")]
    [TestCase("dem completion z", "zsh")]
    [TestCase("dem synth --thr", "--threads")]
    [TestCase("dem hel", "help")]
    [TestCase("dem help merge", "merge mergekit")]
    public void Bash_completes(string line, string words)
    {
        using var folder = new TempFolder();
        string script = folder.Write("dem.bash", Dem.Run("completion", "bash").Expect(0).Output);
        string typed = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        string output = Shell.Bash(
            $"set -eu; cd /; source '{script}'; COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); COMPREPLY=(); _dem; echo \"${{COMPREPLY[*]}}\"");
        Assert.That(output.Trim().Split(' ').Order(StringComparer.Ordinal), Is.EqualTo(words.Split(' ')));
    }

    [Test]
    [Platform(Include = "Unix")]
    public void Bash_completes_files_where_a_file_can_stand()
    {
        using var folder = new TempFolder();
        string script = folder.Write("dem.bash", Dem.Run("completion", "bash").Expect(0).Output);
        folder.Write("recipe.yaml", "");
        string output = Shell.Bash($"cd '{folder.Path}'; source '{script}'; COMP_WORDS=(dem merge rec); COMP_CWORD=2; _dem; echo \"${{COMPREPLY[*]}}\"");
        Assert.That(output.Trim(), Is.EqualTo("recipe.yaml"));
    }

    [Platform(Include = "Unix")]
    [TestCase("dem mer", "merge")]
    [TestCase("dem merge r.yaml --vocab ", "base common fail")]
    [TestCase("dem merge r.yaml --overw", "--overwrite")]
    [TestCase("dem search t", "tell")]
    [TestCase("dem completion pw", "pwsh")]
    [TestCase("dem help merge", "merge mergekit")]
    public void Fish_completes(string line, string words)
    {
        if (Shell.Bash("command -v fish || true").Length == 0)
            Assert.Ignore("there is no fish here");
        using var folder = new TempFolder();
        string script = folder.Write("dem.fish", Dem.Run("completion", "fish").Expect(0).Output);
        string output = Shell.Bash($"cd '{folder.Path}'; fish --no-config -c \"source '{script}'; complete -C '{line}'\" | cut -f1");
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(word => word != "dem.fish").Order(StringComparer.Ordinal), Is.EqualTo(words.Split(' ')));
    }

    [Test]
    public void Descriptions_keep_their_apostrophes_in_fish() =>
        Assert.That(Dem.Run("completion", "fish").Expect(0).Output, Does.Contain(@"a recipe\'s parameters").And.Not.Contain("''"));

    [TestCase("zsh", "#compdef dem", "bashcompinit")]
    [TestCase("fish", "complete -c dem -n '__fish_use_subcommand' -f -a merge", "-l missing -x -a 'fail base'")]
    [TestCase("pwsh", "Register-ArgumentCompleter -Native -CommandName dem", "'--missing' = @('fail', 'base')", "'help' = @('bench'", "$demFiles = @('merge'")]
    public void Other_shells_have_scripts_of_the_same_words(string shell, params string[] parts)
    {
        string script = Dem.Run("completion", shell).Expect(0).Output;
        foreach (string part in parts)
            Assert.That(script, Does.Contain(part));
    }
}
