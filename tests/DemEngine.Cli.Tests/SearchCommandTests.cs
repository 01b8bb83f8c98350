using System.Globalization;
using System.Text.Json;

namespace DemEngine.Cli.Tests;

public class SearchCommandTests
{
    // Judges a candidate by the weights in the recipe that its manifest holds: the sum of the squares of their distances from 0.3.
    private const string Distance = """grep -o 'weight: [0-9.]*' {model}/dem-manifest.json | awk '{s += ($2 - 0.3) * ($2 - 0.3)} END {print s}'""";

    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily("tiny", sources: 2);
        _family.Write("digits.jsonl", Tokens(1, "12345678"));
        _family.Write("letters.jsonl", Tokens(2, "abcdefgh"));
        _family.Write("empty.jsonl", "\n");
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void A_search_gives_a_recipe_that_merges_to_the_model_that_was_judged()
    {
        string[] search = Search("on-sets", "--valid", $"digits={_family.PathOf("digits.jsonl")}", $"letters={_family.PathOf("letters.jsonl")}", "--range", "0:1:0.5", "--trials", "6");
        JsonElement report = Dem.Run([.. search, "--json", "--threads", "1"]).Expect(0).Json;
        Assert.That(report.GetProperty("metric").GetString(), Is.EqualTo("loss"));
        Assert.That(report.GetProperty("end").GetString(), Is.AnyOf("complete", "trials"));
        JsonElement best = report.GetProperty("best");

        string recipe = report.GetProperty("recipe").GetString()!;
        Dem.Run("merge", recipe, "--out", _family.PathOf("found"), "-q").Expect(0);
        JsonElement data = Dem.Run(
            "eval", "--model", _family.PathOf("found"), "--data", _family.PathOf("digits.jsonl"), _family.PathOf("letters.jsonl"), "--metric", "loss", "--json").Expect(0).Json.GetProperty("data");
        foreach (string set in new[] { "digits", "letters" })
            Assert.That(data.GetProperty(set).GetProperty("loss").GetDouble(), Is.EqualTo(best.GetProperty("metrics").GetProperty(set).GetDouble()), "the same bytes, the same score");

        JsonElement again = Dem.Run([.. search, "--json"]).Expect(0).Json;
        Assert.That(again.GetProperty("evaluated").GetInt32(), Is.Zero);
        Assert.That(again.GetProperty("best").ToString(), Is.EqualTo(best.ToString()));
    }

    [TestCase("grid", "--range", "0:0.6:0.1")]
    [TestCase("coordinate")]
    [TestCase("cma-es", "--trials", "60")]
    public void A_command_can_judge(string strategy, params string[] more)
    {
        string folder = $"by-command-{strategy}";
        JsonElement report = Dem.Run([.. Search(folder, "--evaluate-command", Distance, "--metric", "score:lower", "--strategy", strategy), .. more, "--json"]).Expect(0).Json;
        foreach (JsonProperty coefficient in report.GetProperty("best").GetProperty("coefficients").EnumerateObject())
            Assert.That(coefficient.Value.GetDouble(), Is.EqualTo(0.3).Within(0.05), coefficient.Name);
        Assert.That(Directory.GetFileSystemEntries(_family.PathOf(folder)).Select(Path.GetFileName), Is.EquivalentTo([".dem-search", "recipe.yaml", "search.svg", "trials.jsonl"]));
    }

    [Test]
    public void Everything_is_said_in_tables()
    {
        CommandResult result = Dem.Run(Search(
            "tables", "--evaluate-command", Distance, "--metric", "score:lower", "--range", "0:1:0.1", "tuned 1=0:0.5:0.1", "--compare", "--sensitivity", "--conflicts")).Expect(0);
        string[][] rows = [.. result.Output.Split('\n').Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        string[] Row(string name) => rows.First(row => row.Length > 1 && row[0].StartsWith(name, StringComparison.Ordinal));
        Assert.That(result.Output, Does.Contain("tuned 1 alone").And.Contain("average").And.Contain("curvature").And.Contain("tuned 1 + tuned 2").And.Contain("merging took"));
        Assert.That(Row("base"), Has.Some.Contains("0.18"));
        Assert.That(Row("best")[^1], Does.EndWith(" 0").Or.EqualTo("0"));
        Assert.That(result.Output.TrimEnd().Split('\n')[^1], Is.EqualTo(_family.PathOf("tables/recipe.yaml")));
    }

    [Test]
    public void A_failing_trial_is_noted_and_one_that_always_fails_is_an_error()
    {
        // Weights of 0.5 and more fail.
        string some = $"! grep -q 'weight: 0.[5-9]' {{model}}/dem-manifest.json && {Distance}";
        JsonElement report = Dem.Run([.. Search("some", "--evaluate-command", some, "--metric", "score:lower", "--shared", "--strategy", "grid", "--json")]).Expect(0).Json;
        Assert.That(report.GetProperty("failed").GetInt32(), Is.EqualTo(5));
        Assert.That(File.ReadAllText(_family.PathOf("some/trials.jsonl")), Does.Contain("\"status\":\"failed\"").And.Contain("DEM4101"));

        Dem.Run(Search("all", "--evaluate-command", "echo wrong key >&2; exit 3; {model}", "-q")).ExpectError(ErrorCode.NoTrialSucceeded, "\"wrong key\"");
        Dem.Run(Search("words", "--evaluate-command", "echo none {model} | cut -c1-4", "-q")).ExpectError(ErrorCode.NoTrialSucceeded, "DEM4102");
    }

    [Test]
    public void What_is_wrong_is_named()
    {
        string[] valid = ["--valid", _family.PathOf("digits.jsonl")];
        Dem.Run(Search("wrong")).ExpectError(ErrorCode.BadArgument, "--valid");
        Dem.Run(Search("wrong", [.. valid, "--evaluate-command", "true {model}"])).ExpectError(ErrorCode.BadArgument, "--valid");
        Dem.Run(Search("wrong", [.. valid, "--strategy", "best"])).ExpectError(ErrorCode.BadArgument, "cma-es");
        Dem.Run(Search("wrong", [.. valid, "--range", "1:0:0.1"])).ExpectError(ErrorCode.BadArgument, "1:0:0.1");
        Dem.Run(Search("wrong", [.. valid, "--range", "other=0:1:0.1"])).ExpectError(ErrorCode.BadArgument, "\"other\"");
        Dem.Run(Search("wrong", [.. valid, "--range", "0:1:0.1", "0:1:0.2"])).ExpectError(ErrorCode.BadArgument, "twice");
        Dem.Run(Search("wrong", [.. valid, "--shared", "--per-source"])).ExpectError(ErrorCode.BadArgument, "exclude");
        Dem.Run(Search("wrong", [.. valid, "--metric", "loss", "perplexity"])).ExpectError(ErrorCode.BadArgument, "one --metric");
        Dem.Run(Search("wrong", [.. valid, "--trials", "0"])).ExpectError(ErrorCode.BadArgument, "'0'");
        Dem.Run(Search("wrong", [.. valid, "--set-weight", "digits=2"])).ExpectError(ErrorCode.BadArgument, "neither the weighted mean");
        Dem.Run(Search("wrong", [.. valid, "--objective", "weighted", "--set-weight", "letters=2"])).ExpectError(ErrorCode.BadArgument, "\"letters\"");
        Dem.Run(Search("wrong", [.. valid, "--strategy", "grid", "--range", "0:1:0.001"])).ExpectError(ErrorCode.BadArgument, "1002001 points");
        Dem.Run(Search("wrong", [.. valid, "--layer-groups", "9"])).ExpectError(ErrorCode.BadArgument, "4 layers");
        Dem.Run(Search("wrong", [.. valid, "--parameter", "density"])).ExpectError(ErrorCode.BadArgument, "\"density\"");
        Dem.Run(Search("wrong", [.. valid, "--parameter", "lambda", "--conflicts"])).ExpectError(ErrorCode.BadArgument, "lambda");
        Dem.Run(Search("wrong", "--valid", _family.PathOf("empty.jsonl"))).ExpectError(ErrorCode.EmptyDataSet, "empty.jsonl");
        Dem.Run(Search("wrong", "--valid", _family.PathOf("missing.jsonl"))).ExpectError(ErrorCode.DataNotFound, "missing.jsonl");
        Dem.Run(Search("wrong", [.. valid, "--metric", "exact-match"])).ExpectError(ErrorCode.MetricNotApplicable, "digits");
        Assert.That(Directory.Exists(_family.PathOf("wrong")), Is.False, "nothing was begun");
        Dem.Run(Search("base", valid)).ExpectError(ErrorCode.OutputNotOurs);
    }

    [Test]
    [Platform(Include = "Unix")]
    public void An_interrupted_search_goes_on_where_it_was()
    {
        string[] search = Search("interrupted", "--evaluate-command", $"sleep 0.05; {Distance}", "--metric", "score:lower", "--strategy", "random", "--trials", "12");
        string trials = _family.PathOf("interrupted/trials.jsonl");
        int Lines() => File.Exists(trials) ? ReadShared(trials).Count(c => c == '\n') : 0;
        using (DemProcess process = DemProcess.Start([.. search, "--json"]))
        {
            Assert.That(process.WaitUntil(() => Lines() >= 4));
            process.Signal(DemProcess.Interrupt);
            Assert.That(process.Wait().Expect(130).Error, Is.EqualTo("interrupted; run the same command to go on\n"));
        }

        int before = Lines() - 1;
        Assert.That(Directory.Exists(_family.PathOf("interrupted/candidate")), Is.False);
        JsonElement report = Dem.Run([.. search, "--json"]).Expect(0).Json;
        Assert.That(report.GetProperty("evaluated").GetInt32(), Is.EqualTo(12 - before + 1), "and the base, for comparison");
    }

    private static string ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private string[] Search(string output, params string[] more) => ["search", _family.Recipe, "--out", _family.PathOf(output), .. more];

    private static string Tokens(int seed, string alphabet)
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(0, 4).Select(_ => string.Create(
            CultureInfo.InvariantCulture, $"{{\"tokens\": [{string.Join(", ", Enumerable.Range(0, 12).Select(_ => (int)alphabet[random.Next(alphabet.Length)]))}]}}\n")));
    }
}
