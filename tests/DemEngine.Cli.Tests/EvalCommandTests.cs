using System.Text.Json;

namespace DemEngine.Cli.Tests;

[NonParallelizable]
public class EvalCommandTests
{
    private TempFolder _folder = null!;

    [OneTimeSetUp]
    public void MakeModel()
    {
        _folder = new TempFolder();
        Dem.Run("synth", "--shape", "tiny", "--seed", "1", "--out", _folder.PathOf("model"), "-q").Expect(0);
        File.WriteAllText(_folder.PathOf("sums.jsonl"), "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n{\"prompt\": \"1+2=\", \"completion\": \"3\"}\n");
        File.WriteAllText(_folder.PathOf("texts.jsonl"), "{\"text\": \"to be or not to be\"}\n");
        File.WriteAllText(_folder.PathOf("choices.jsonl"), "{\"prompt\": \"1+1=\", \"choices\": [\"1\", \"2\"], \"answer\": 1}\n");
    }

    [OneTimeTearDown]
    public void RemoveModel() => _folder.Dispose();

    [Test]
    public void Every_set_gets_the_metrics_that_it_allows()
    {
        JsonElement data = Dem.Run([.. Eval("sums.jsonl", "texts.jsonl", "choices.jsonl"), "--json"]).Expect(0).Json.GetProperty("data");
        string Metrics(string set) => string.Join(' ', data.GetProperty(set).EnumerateObject().Select(metric => metric.Name));
        Assert.That(Metrics("sums"), Is.EqualTo("loss perplexity exact-match"));
        Assert.That(Metrics("texts"), Is.EqualTo("loss perplexity"));
        Assert.That(Metrics("choices"), Is.EqualTo("loss perplexity exact-match choice-accuracy"));

        // Weights of deviation 0.02 know next to nothing of 512 tokens.
        Assert.That(data.GetProperty("texts").GetProperty("loss").GetDouble(), Is.EqualTo(Math.Log(512)).Within(0.3));
    }

    [Test]
    public void A_table_is_printed_with_a_column_a_metric()
    {
        string[] lines = Dem.Run([.. Eval("sums.jsonl", "texts.jsonl"), "--metric", "loss", "--threads", "1"]).Expect(0).Output.Split('\n');
        Assert.That(lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[] { "data", "loss" }));
        Assert.That(lines[1], Does.StartWith("sums"));
        Assert.That(lines[2], Does.StartWith("texts"));
    }

    [Test]
    public void A_command_can_judge()
    {
        CommandResult result = Dem.Run("eval", "--model", _folder.PathOf("model"), "--evaluate-command", "ls {model} | wc -l", "--json").Expect(0);
        Assert.That(
            result.Json.GetProperty("data").GetProperty("all").GetProperty("score").GetDouble(),
            Is.EqualTo(Directory.GetFiles(_folder.PathOf("model")).Length));
    }

    [Test]
    public void What_is_wrong_is_named()
    {
        File.WriteAllText(_folder.PathOf("bad.jsonl"), "{\"text\": \"a\"}\n{\"txt\": \"a\"}\n");
        Dem.Run(Eval("bad.jsonl")).ExpectError(ErrorCode.BadDataLine, "bad.jsonl:2:");
        Dem.Run([.. Eval("texts.jsonl"), "--metric", "exact-match"]).ExpectError(ErrorCode.MetricNotApplicable, "texts");
        Dem.Run([.. Eval("texts.jsonl"), _folder.PathOf("elsewhere/texts.jsonl")]).ExpectError(ErrorCode.BadArgument, "two data sets");
        Dem.Run("eval", "--model", _folder.PathOf("model")).ExpectError(ErrorCode.BadArgument, "--data");
        Dem.Run("eval", "--model", _folder.PathOf("model"), "--evaluate-command", "echo no >&2; false {model}")
            .ExpectError(ErrorCode.CommandFailed, "\"no\"");
    }

    private string[] Eval(params string[] files) => ["eval", "--model", _folder.PathOf("model"), "--data", .. files.Select(_folder.PathOf)];
}
