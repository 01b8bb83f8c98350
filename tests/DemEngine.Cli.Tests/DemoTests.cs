using System.Text.Json;

namespace DemEngine.Cli.Tests;

[NonParallelizable]
public class DemoTests
{
    private static readonly string[] Sources = ["date-us", "sort-down", "reverse-capitals", "time-12h", "num-dots"];

    private TempFolder _folder = null!;
    private CommandResult _shown = null!;

    private string Folder => _folder.PathOf("demo");

    private string Models => Path.Combine(Folder, "experiment", "seed-1", "models");

    [OneTimeSetUp]
    public void Demonstrate()
    {
        _folder = new TempFolder();
        _shown = Dem.Run("demo", "--dir", Folder).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void It_shows_what_merging_does()
    {
        foreach (string scene in new[] { "build: 5 sources", "add: list-slashes is added", "withdraw: sort-down is withdrawn", "weights: a user wants date-eu" })
            Assert.That(_shown.Output, Does.Contain(scene));
        Assert.That(_shown.Output.Split('\n').Count(line => line.StartsWith("DEM ", StringComparison.Ordinal)), Is.EqualTo(4));
        Assert.That(_shown.Output.Split('\n').Count(line => line.StartsWith("mixing, trained again ", StringComparison.Ordinal)), Is.EqualTo(4));
        Assert.That(_shown.Output, Does.Contain("each as the manifest says").And.Contain("dem merge '").And.Not.Contain("\u001b"));
        Assert.That(_shown.Output.TrimEnd().Split('\n')[^1], Is.EqualTo(Path.Combine(Folder, "experiment", "report.html")));
        Assert.That(File.ReadAllText(Path.Combine(Folder, "experiment", "report.html")), Does.Contain("Coefficients").And.Not.Contain("http://").And.Not.Contain("src="));

        // Lines come now and then, as long as it takes.
        Assert.That(_shown.ErrorLines, Has.All.StartsWith("seed 1: "));
    }

    [Test]
    public void It_ends_with_what_was_bought_and_at_which_cost()
    {
        Dictionary<string, double[]> right = Table("The family of 5 sources as it is built");
        string Percent(string method) => FormattableString.Invariant($"{100 * right[method].Take(Sources.Length).Average():0.0}");
        string verdict = _shown.Output.Split('\n').Single(line => line.StartsWith("As it is built, DEM answers", StringComparison.Ordinal));
        Assert.That(verdict, Does.Contain($"answers {Percent("DEM, one each")} %").And.Contain($"equal tokens {Percent("mixing, equal shares")} %").And.Contain($"the base {Percent("base")} %").And.Contain("withdraw 0.00 times"));
        Assert.That(File.ReadAllText(Path.Combine(Folder, "experiment", "report.html")), Does.Contain(verdict));
    }

    [Test]
    public void The_report_says_what_was_run() =>
        Assert.That(File.ReadAllText(Path.Combine(Folder, "experiment", "report.html")), Does.Contain($"<code>dem demo --dir &#39;{Folder}&#39;</code>"));

    [Test]
    public void Its_folder_can_be_moved()
    {
        Assert.That(File.ReadAllText(Path.Combine(Folder, "experiment", "seed-1", "recipe.yaml")), Does.Contain("base_model: models/base").And.Not.Contain(Folder));
        string copy = _folder.PathOf("moved");
        Directory.CreateDirectory(Path.Combine(copy, "models"));
        File.Copy(Path.Combine(Folder, "experiment", "seed-1", "recipe.yaml"), Path.Combine(copy, "recipe.yaml"));
        foreach (string model in Sources.Prepend("base"))
        {
            Directory.CreateDirectory(Path.Combine(copy, "models", model));
            foreach (string file in Directory.GetFiles(Path.Combine(Models, model)))
                File.Copy(file, Path.Combine(copy, "models", model, Path.GetFileName(file)));
        }

        Dem.Run("merge", Path.Combine(copy, "recipe.yaml"), "--out", Path.Combine(copy, "merged"), "-q").Expect(0);
    }

    [TestCase("life")]
    [TestCase("methods")]
    [TestCase("cost")]
    [TestCase("coefficients")]
    [TestCase("vectors")]
    public void Its_figures_are_pictures_for_light_and_dark(string name)
    {
        string svg = File.ReadAllText(Path.Combine(Folder, "experiment", "figures", $"{name}.svg"));
        Assert.That(System.Xml.Linq.XDocument.Parse(svg).Root!.Name.LocalName, Is.EqualTo("svg"));
        Assert.That(svg, Does.Contain("prefers-color-scheme: dark").And.Not.Contain("NaN"));
    }

    [Test]
    public void What_it_shows_is_so()
    {
        // The models settled what they should, the merge serves all of them, and the mixture serves them better: on test data, which
        // no model saw.
        Dictionary<string, double[]> right = Table("The family of 5 sources as it is built");
        double Mean(string method) => right[method].Take(Sources.Length).Average();
        Assert.That(right["each source's own model"].Take(Sources.Length), Has.All.GreaterThan(0.9));
        Assert.That(Mean("DEM, one each"), Is.GreaterThan(Mean("base") + 0.2).And.GreaterThan(0.9));
        Assert.That(Mean("mixing, equal shares"), Is.GreaterThanOrEqualTo(Mean("DEM, one each")));
    }

    [Test]
    public void Slopes_find_coefficients_and_a_front_for_its_models()
    {
        string recipe = Path.Combine(Folder, "experiment", "seed-1", "recipe.yaml"), found = _folder.PathOf("found");
        string[] sets = [.. Sources.Take(2).Select(source => $"{source}={Path.Combine(Folder, "experiment", "data", "seed-1", "validation", $"{source}.jsonl")}")];
        JsonElement report = Dem.Run(["search", recipe, "--strategy", "gradient", "--objective", "worst-regret", "--pareto", "--out", found, "--json", "--valid", .. sets]).Expect(0).Json;
        Assert.That(report.GetProperty("strategy").GetString(), Is.EqualTo("gradient"));
        Assert.That(report.GetProperty("objective_kind").GetString(), Is.EqualTo("worst-regret"));
        Assert.That(report.GetProperty("asked").GetInt32(), Is.LessThan(40));
        Assert.That(report.GetProperty("best").GetProperty("objective").GetDouble(), Is.LessThan(0.2), "0 is the best source alone, 1 the base");
        JsonElement[] front = [.. report.GetProperty("pareto").EnumerateArray()];
        Assert.That(front, Is.Not.Empty);
        Dem.Run("merge", front[0].GetProperty("recipe").GetString()!, "--out", _folder.PathOf("front"), "-q").Expect(0);
        Assert.That(System.Xml.Linq.XDocument.Load(Path.Combine(found, "pareto.svg")).Root!.Name.LocalName, Is.EqualTo("svg"));
        Assert.That(File.ReadLines(Path.Combine(found, "trials.jsonl")), Has.Some.Contain("\"slopes\""));

        // Without slopes: a command, exact match, or trials that are told.
        Dem.Run(["search", recipe, "--strategy", "gradient", "--metric", "exact-match", "--out", found, "--valid", .. sets]).ExpectError(ErrorCode.BadArgument, "surrogate and bayesian");
        Dem.Run("search", recipe, "--strategy", "gradient", "--out", found, "--evaluate-command", "echo {model}").ExpectError(ErrorCode.BadArgument, "surrogate and bayesian");
        Dem.Run("search", "ask", recipe, "--strategy", "gradient", "--out", found).ExpectError(ErrorCode.BadArgument, "surrogate and bayesian");
    }

    [Test]
    public void The_merged_model_is_the_one_that_was_judged()
    {
        string[] sets = [.. Sources.Select(source => $"{source}={Path.Combine(Folder, "experiment", "data", "test", $"{source}.jsonl")}")];
        JsonElement scores = Dem.Run(["eval", "--model", Path.Combine(Folder, "merged"), "--metric", "exact-match", "--json", "--data", .. sets]).Expect(0).Json;
        double[] judged = Table("The family of 5 sources as it is built")["DEM, one each"];
        double[] written = [.. Sources.Select(source => scores.GetProperty("data").GetProperty(source).GetProperty("exact-match").GetDouble())];
        Assert.That(written, Is.EqualTo(judged[..Sources.Length]).Within(1e-12));
    }

    [Test]
    public void What_it_says_to_try_next_works()
    {
        string[] next = [.. _shown.Output.Split('\n').Where(line => line.StartsWith("dem ", StringComparison.Ordinal))];
        Assert.That(next, Has.Length.EqualTo(4));
        string recipe = Path.Combine(Folder, "experiment", "seed-1", "recipe.yaml");
        Dem.Run("merge", recipe, "--out", Path.Combine(Folder, "again"), "--quiet").Expect(0);
        Assert.That(
            File.ReadAllBytes(Path.Combine(Folder, "again", "model.safetensors")), Is.EqualTo(File.ReadAllBytes(Path.Combine(Folder, "merged", "model.safetensors"))));
        Dem.Run("distance", "--base", Path.Combine(Models, "base"), Path.Combine(Models, "date-us"), Path.Combine(Models, "sort-down")).Expect(0);
    }

    [Test]
    public void What_is_not_its_own_it_does_not_touch()
    {
        Directory.CreateDirectory(_folder.PathOf("mine"));
        _folder.Write("mine/file", "precious");
        Dem.Run("demo", "--dir", _folder.PathOf("mine")).ExpectError(ErrorCode.OutputNotOurs);
        Dem.Run("demo", "--dir", _folder.PathOf("mine/file")).ExpectError(ErrorCode.OutputNotOurs);
        Assert.That(Directory.GetFileSystemEntries(_folder.PathOf("mine")), Has.Length.EqualTo(1));
    }

    /// <summary>The share of right answers on each source, by method.</summary>
    private Dictionary<string, double[]> Table(string name)
    {
        using var results = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "experiment", "experiment.json")));
        return results.RootElement.GetProperty("tables").EnumerateArray().Single(table => table.GetProperty("name").GetString() == name)
            .GetProperty("rows").EnumerateArray().ToDictionary(
                row => row.GetProperty("name").GetString()!,
                row => row.GetProperty("runs")[0].GetProperty("exact_match").EnumerateArray().Select(value => value.GetDouble()).ToArray());
    }
}
