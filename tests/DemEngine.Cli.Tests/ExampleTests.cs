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
    public void The_recipe_for_a_mixture_is_planned_and_built()
    {
        string text = YamlBlock().Match(File.ReadAllText(Path.Combine(Docs, "moe.md"))).Groups[1].Value;
        string recipe = _folder.PathOf("examples/moe.yaml");
        File.WriteAllText(recipe, text);
        string output = _folder.PathOf("mixture");
        string plan = Dem.Run("moe", recipe, output, "--dry-run").Expect(0).Output;
        Assert.That(plan, Does.Contain("router from prompts (hidden)").And.Contain("0.9·x3").And.Contain("mergekit_moe_config.yml"));
        Assert.That(Directory.Exists(output), Is.False);

        string json = Dem.Run("moe", recipe, output, "--json").Expect(0).Output;
        Assert.That(System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("tensors").GetInt32(), Is.GreaterThan(4 * 9));
        Dem.Run("verify", output, "-q").Expect(0);
        Dem.Run("moe", recipe, output, "--resume=auto", "-q").Expect(0);
        Dem.Run("moe", recipe, output).ExpectError(ErrorCode.OutputExists, "mixture");

        // The recipe that lies beside the weights leads from its own folder; the output is the same with one thread and little memory.
        Dem.Run("moe", Path.Combine(output, "mergekit_moe_config.yml"), _folder.PathOf("examples/again"), "-q").Expect(2);
        File.Copy(Path.Combine(output, "mergekit_moe_config.yml"), _folder.PathOf("examples/again.yaml"));
        Dem.Run("moe", _folder.PathOf("examples/again.yaml"), _folder.PathOf("again"), "--threads", "1", "--max-memory", "20MB", "-q").Expect(0);
        Assert.That(Dem.Run("diff", output, _folder.PathOf("again"), "--exit-code", "-q").ExitCode, Is.Zero);
        string last = File.ReadAllText(Path.Combine(output, "config.json"));
        Assert.That(last, Does.Contain("MixtralForCausalLM").And.Contain("\"num_local_experts\": 3"));
    }

    [Test]
    public void What_a_mixture_cannot_be_made_of_is_refused_before_anything_is_written()
    {
        File.WriteAllText(_folder.PathOf("examples/one.yaml"), "base_model: models/base\nexperts: [{source_model: models/first}]\n");
        Dem.Run("moe", _folder.PathOf("examples/one.yaml"), _folder.PathOf("one")).ExpectError(ErrorCode.ExpertCount, "at least two experts");
        Dem.Run("moe", _folder.PathOf("examples/ties.yaml"), _folder.PathOf("one")).ExpectError(ErrorCode.UnsupportedFeature, "recipe of a merge");
        Dem.Run("merge", _folder.PathOf("examples/one.yaml"), _folder.PathOf("one")).ExpectError(ErrorCode.UnsupportedFeature, "dem moe");
        Assert.That(Directory.Exists(_folder.PathOf("one")), Is.False);
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
