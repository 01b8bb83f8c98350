using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests;

[Platform(Exclude = "Win", Reason = "the commands are for sh")]
public class CommandEvaluatorTests
{
    [TestCase("0.71\n", 0.71)]
    [TestCase("step 1: 0.2\naccuracy of gpt2 on 3.5k questions = -1.5e-3 (v1.2.3)\n", -0.0015)]
    [TestCase("12", 12)]
    public void The_last_number_counts(string output, double value)
    {
        Score score = CommandOutput.Read(output, []).Single();
        Assert.That((score.Set, score.Metric.Name, score.Metric.HigherIsBetter, score.Value), Is.EqualTo(("all", "score", true, value)));
        Assert.That(CommandOutput.Read(output, [new Metric("acc", true)]).Single().Metric.Name, Is.EqualTo("acc"));
    }

    [TestCase("""{"acc": 0.5, "model": "x"}""", "all/acc=0.5")]
    [TestCase("loading 7 shards\n{\"acc\": 0.5, \"loss\": 2}", "all/acc=0.5 all/loss=2")]
    [TestCase("{\n \"mmlu\": {\"acc\": 0.25, \"alias\": \"m\"},\n \"drop\": {\"f1\": 0.75}\n}\n", "mmlu/acc=0.25 drop/f1=0.75")]
    [TestCase("""{"results": {"mmlu": {"acc,none": 0.25}}, "versions": {"mmlu": 1}}""", "mmlu/acc,none=0.25")]
    public void An_object_gives_sets_and_metrics(string output, string expected) =>
        Assert.That(string.Join(' ', CommandOutput.Read(output, []).Select(score => FormattableString.Invariant($"{score.Set}/{score.Metric}={score.Value}"))), Is.EqualTo(expected));

    [Test]
    public void Only_the_metrics_asked_for_are_taken()
    {
        Score score = CommandOutput.Read("""{"a": {"ppl": 9, "acc": 1}}""", [Metric.Parse("ppl:lower")]).Single();
        Assert.That((score.Metric.Name, score.Metric.HigherIsBetter, score.Value), Is.EqualTo(("ppl", false, 9)));
    }

    [TestCase("")]
    [TestCase("done, see log\n")]
    [TestCase("""{"acc": "high"}""")]
    public void An_output_without_a_number_is_refused(string output) =>
        Assert.That(Assert.Throws<DemException>(() => CommandOutput.Read(output, []))!.Code, Is.EqualTo(ErrorCode.CommandGaveNoNumber));

    [Test]
    public void The_command_is_given_the_folder_whatever_it_is_called()
    {
        using var folder = new TempFolder();
        string model = folder.PathOf("it's $HOME; a \"model\"");
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "answer"), "0.5");
        using var evaluator = new CommandEvaluator("cat {model}/answer", []);
        Assert.That(evaluator.Evaluate(new FolderOnly(model)).Scores.Single().Value, Is.EqualTo(0.5));
    }

    [Test]
    public void A_command_that_changes_its_folder_finds_the_model()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.PathOf("answer"), "0.5");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, folder.Path);
        using var evaluator = new CommandEvaluator("cd / && cmp {model}/answer \"$DEM_MODEL/answer\" && cat {model}/answer", []);
        Assert.That(evaluator.Evaluate(new FolderOnly(relative)).Scores.Single().Value, Is.EqualTo(0.5));
    }

    [TestCase("cat {model}/answer")]
    [TestCase("cat \"{model}/answer\"")]
    [TestCase("cat '{model}/answer'")]
    [TestCase("echo \"$(cat \"{model}/answer\")\"")]
    [TestCase("(echo \"x) $(cat {model}/answer)\")")]
    [TestCase("x=\\\"; cat \"{model}\"/answer")]
    [TestCase("cat \"$DEM_MODEL/answer\" # {model}")]
    public void Values_are_quoted_as_their_place_needs_it(string command)
    {
        using var folder = new TempFolder();
        string model = folder.PathOf("it's $HOME; `a` \"model\" \\n {out}");
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "answer"), "0.5");
        using var evaluator = new CommandEvaluator(command, []);
        Assert.That(evaluator.Evaluate(new FolderOnly(model)).Scores.Single().Value, Is.EqualTo(0.5));
    }

    [Test]
    public void Placeholders_and_the_environment_say_where_and_for_which_trial()
    {
        using var folder = new TempFolder();
        using var evaluator = new CommandEvaluator("test -z \"$(ls {out})\" && test {gpu} = \"$CUDA_VISIBLE_DEVICES\" && test {out} = \"$DEM_OUT\" && echo $CUDA_VISIBLE_DEVICES; echo {trial} # {model}", []);
        var place = new CommandPlace(7, folder.PathOf("out")) { Devices = "2,3" };
        Directory.CreateDirectory(place.Output);
        File.WriteAllText(Path.Combine(place.Output, "results.json"), """{"old": 1}""");
        Assert.That(evaluator.Evaluate(new FolderOnly("/tmp"), place, default).Scores.Single().Value, Is.EqualTo(7), "what an earlier run left is gone");
    }

    [Test]
    public void Results_in_the_folder_come_before_what_is_printed()
    {
        const string Write = "mkdir -p {out}/a__b && echo '{\"results\": {\"arc\": {\"acc,none\": 0.25, \"acc_stderr,none\": 0.01}}}' > {out}/a__b/results_2026-01-01T00-00-00.json";
        using var evaluator = new CommandEvaluator($"{Write}; echo '{{}}' > {{out}}/a__b/samples.json; echo 0.9 # {{model}}", [Metric.Parse("acc")]);
        Score score = evaluator.Evaluate(new FolderOnly("/tmp")).Scores.Single();
        Assert.That((score.Set, score.Value, score.StandardError), Is.EqualTo(("arc", 0.25, 0.01)));

        using var two = new CommandEvaluator("echo '{\"a\": 1}' > {out}/x.json; echo '{\"b\": 1}' > {out}/y.json; # {model}", []);
        var error = Assert.Throws<DemException>(() => two.Evaluate(new FolderOnly("/tmp")))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.MetricUnclear));
        Assert.That(error.Message, Does.Contain("x.json").And.Contain("y.json"));
    }

    [Test]
    public void A_command_that_runs_too_long_is_ended()
    {
        using var evaluator = new CommandEvaluator("sleep 60; echo 1 {model}", []) { Longest = TimeSpan.FromMilliseconds(200) };
        Assert.That(Assert.Throws<DemException>(() => evaluator.Evaluate(new FolderOnly("/tmp")))!.Code, Is.EqualTo(ErrorCode.CommandTimedOut));
    }

    [Test]
    public void A_command_that_fails_is_run_again_as_often_as_was_said()
    {
        using var folder = new TempFolder();
        string count = folder.PathOf("count");
        string command = $"echo x >> {count}; test $(wc -l < {count}) -ge 3 && echo 0.5 # {{model}}";
        using var once = new CommandEvaluator(command, []) { Retries = 1 };
        Assert.That(Assert.Throws<DemException>(() => once.Evaluate(new FolderOnly("/tmp")))!.Code, Is.EqualTo(ErrorCode.CommandFailed));
        File.Delete(count);
        using var twice = new CommandEvaluator(command, []) { Retries = 2 };
        Assert.That(twice.Evaluate(new FolderOnly("/tmp")).Scores.Single().Value, Is.EqualTo(0.5));
    }

    [Test]
    public void A_failing_command_is_quoted()
    {
        using var evaluator = new CommandEvaluator("echo out of cuda memory >&2; exit 3 # {model}", []);
        var error = Assert.Throws<DemException>(() => evaluator.Evaluate(new FolderOnly("/tmp")))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.CommandFailed));
        Assert.That(error.Message, Does.Contain("exit code 3").And.Contains("\"out of cuda memory\"").And.Not.Contains("\n"));
    }

    [Test]
    public void Much_output_does_not_block()
    {
        using var evaluator = new CommandEvaluator("head -c 300000 /dev/zero | tr '\\0' '.' >&2; head -c 300000 /dev/zero | tr '\\0' '.'; echo ' 1 {model}' | cut -c 1-3", []);
        Assert.That(evaluator.Evaluate(new FolderOnly("/tmp")).Scores.Single().Value, Is.EqualTo(1));
    }

    [Test]
    public void A_command_can_be_stopped()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        using var evaluator = new CommandEvaluator("sleep 60; echo 1 {model}", []);
        Assert.That(() => evaluator.Evaluate(new FolderOnly("/tmp"), stop.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_command_without_a_place_for_the_model_is_refused() =>
        Assert.That(Assert.Throws<DemException>(() => new CommandEvaluator("echo 1", []))!.Code, Is.EqualTo(ErrorCode.BadArgument));

    private sealed class FolderOnly(string folder) : IModelWeights
    {
        public string Name => folder;

        public LlamaConfig Config => throw new NotSupportedException();

        public System.Collections.Immutable.ImmutableArray<TensorSpec> Tensors => [];

        public string Folder => folder;

        public ITensorData? Find(string name) => null;
    }
}
