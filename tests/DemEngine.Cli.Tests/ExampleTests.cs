using System.Text.RegularExpressions;

namespace DemEngine.Cli.Tests;

/// <summary>The documentation's recipes, run on the models that <c>dem synth --examples</c> makes for them.</summary>
public partial class ExampleTests
{
    private TempFolder _folder = null!;

    private static string Docs => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../docs"));

    private static IEnumerable<string> Recipes => Directory.GetFiles(Path.Combine(Docs, "recipes"), "*.yaml").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    [OneTimeSetUp]
    public void MakeTheExamples()
    {
        _folder = new TempFolder();
        CommandResult made = Dem.Run("synth", "--examples", _folder.PathOf("examples")).Expect(0);
        Assert.That(made.Output, Does.Contain("models for 31 recipes in ").And.Contain("dem merge "));
    }

    [OneTimeTearDown]
    public void RemoveThem() => _folder.Dispose();

    [Test]
    public void Each_recipe_is_there_as_in_the_documentation_and_merges([ValueSource(nameof(Recipes))] string recipe)
    {
        string file = _folder.PathOf($"examples/{recipe}");
        Assert.That(File.ReadAllText(file), Is.EqualTo(File.ReadAllText(Path.Combine(Docs, "recipes", recipe))));
        string output = _folder.PathOf($"out-{recipe}");
        Dem.Run("merge", file, "--out", output, "-q").Expect(0);
        Dem.Run("verify", output, "-q").Expect(0);
    }

    [Test]
    public void The_recipe_of_the_readme_merges()
    {
        string text = YamlBlock().Matches(File.ReadAllText(Path.Combine(Docs, "../README.md"))).Select(match => match.Groups[1].Value).First(text => text.Contains("merge_method", StringComparison.Ordinal));
        File.WriteAllText(_folder.PathOf("examples/readme.yaml"), text);
        Dem.Run("merge", _folder.PathOf("examples/readme.yaml"), "--out", _folder.PathOf("readme"), "-q").Expect(0);
    }

    [Test]
    public void The_models_read_any_text()
    {
        File.WriteAllText(_folder.PathOf("text.jsonl"), "{\"text\": \"Schönes <|tool|> 文字\"}\n");
        foreach (string model in new[] { "base", "with-tools", "deep-first" })
            Dem.Run("eval", "--model", _folder.PathOf($"examples/models/{model}"), "--data", _folder.PathOf("text.jsonl"), "-q").Expect(0);
    }

    [Test]
    public void Edited_recipes_are_kept_and_models_are_not_replaced_unasked()
    {
        Directory.CreateDirectory(_folder.PathOf("edited"));
        string edited = "merge_method: linear\nmodels:\n  - {model: models/mine, parameters: {weight: 1}}\n";
        File.WriteAllText(_folder.PathOf("edited/linear.yaml"), edited);
        Dem.Run("synth", "--examples", _folder.PathOf("edited"), "-q").Expect(0);
        Assert.That(File.ReadAllText(_folder.PathOf("edited/linear.yaml")), Is.EqualTo(edited));
        Assert.That(Directory.Exists(_folder.PathOf("edited/models/mine")));
        Dem.Run("synth", "--examples", _folder.PathOf("edited"), "-q").ExpectError(ErrorCode.OutputExists, "models");
        Dem.Run("synth", "--examples", _folder.PathOf("edited"), "--overwrite", "-q").Expect(0);

        File.WriteAllText(_folder.PathOf("edited/linear.yaml"), edited.Replace("models/mine", "../elsewhere", StringComparison.Ordinal));
        Dem.Run("synth", "--examples", _folder.PathOf("edited"), "-q").ExpectError(ErrorCode.BadArgument, "../elsewhere");
    }

    [Test]
    public void Other_options_of_synth_are_still_required()
    {
        Dem.Run("synth", "--shape", "tiny", "--out", _folder.PathOf("none")).ExpectError(ErrorCode.BadArgument, "--seed");
        Dem.Run("synth", "--shape", "tiny", "--seed", "1").ExpectError(ErrorCode.BadArgument, "--out");
        Dem.Run("synth", "--examples", _folder.PathOf("none"), "--seed", "1").ExpectError(ErrorCode.BadArgument, "--seed");
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();
}
