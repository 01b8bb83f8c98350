using System.Text.Json;

namespace DemEngine.Cli.Tests;

[NonParallelizable]
public class DemoTests
{
    private static readonly string[] Sources = ["reverse", "sort", "date-eu", "brackets"];

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
        Assert.That(_shown.Output, Does.Contain("tuned on sort").And.Contain("uniform average").And.Contain("DEM, one each").And.Contain("data mixing, searched"));
        Assert.That(_shown.Output, Does.Contain("each as the manifest says").And.Contain("dem merge '").And.Not.Contain("\u001b"));
        Assert.That(_shown.Output.TrimEnd().Split('\n')[^1], Is.EqualTo(Path.Combine(Folder, "experiment", "report.html")));
        Assert.That(File.ReadAllText(Path.Combine(Folder, "experiment", "report.html")), Does.Contain("Coefficients").And.Not.Contain("http://").And.Not.Contain("src="));

        // Lines come now and then, as long as it takes.
        Assert.That(_shown.ErrorLines, Has.All.StartsWith("seed 1: "));
    }

    [Test]
    public void It_ends_with_what_was_bought_and_at_which_cost()
    {
        Dictionary<string, double[]> right = Table("Methods on 4 sources");
        string Percent(string method) => FormattableString.Invariant($"{100 * right[method].Take(Sources.Length).Average():0.0}");
        string verdict = _shown.Output.Split('\n').Single(line => line.StartsWith("DEM with a coefficient for each source", StringComparison.Ordinal));
        Assert.That(verdict, Does.Contain($"answers {Percent("DEM, one each")} ±").And.Contain($"(base {Percent("base")}").And.Contain($"mixture {Percent("data mixing, searched")}").And.Contain(" operations"));
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
        foreach (string model in new[] { "base", "reverse", "sort", "date-eu", "brackets" })
        {
            Directory.CreateDirectory(Path.Combine(copy, "models", model));
            foreach (string file in Directory.GetFiles(Path.Combine(Models, model)))
                File.Copy(file, Path.Combine(copy, "models", model, Path.GetFileName(file)));
        }

        Dem.Run("merge", Path.Combine(copy, "recipe.yaml"), "--out", Path.Combine(copy, "merged"), "-q").Expect(0);
    }

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
        // The models learnt what they should, and the merge does better than what it is made of: on test data, which neither saw.
        Dictionary<string, double[]> right = Table("Methods on 4 sources");
        double Mean(string method) => right[method].Take(Sources.Length).Average();
        for (int k = 0; k < Sources.Length; k++)
            Assert.That(right[$"tuned on {Sources[k]}"][k], Is.GreaterThan(0.9), Sources[k]);
        Assert.That(Mean("DEM, one each"), Is.GreaterThan(Mean("base")).And.GreaterThan(Mean("uniform average")));
        Assert.That(Mean("DEM, one each"), Is.GreaterThan(Sources.Max(source => Mean($"tuned on {source}"))));
    }

    [Test]
    public void The_merged_model_is_the_one_that_was_judged()
    {
        string[] sets = [.. Sources.Select(source => $"{source}={Path.Combine(Folder, "experiment", "data", "test", $"{source}.jsonl")}")];
        JsonElement scores = Dem.Run(["eval", "--model", Path.Combine(Folder, "merged"), "--metric", "exact-match", "--json", "--data", .. sets]).Expect(0).Json;
        double[] judged = Table("Methods on 4 sources")["DEM, one each"];
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
        Dem.Run("distance", "--base", Path.Combine(Models, "base"), Path.Combine(Models, "reverse"), Path.Combine(Models, "sort")).Expect(0);
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
