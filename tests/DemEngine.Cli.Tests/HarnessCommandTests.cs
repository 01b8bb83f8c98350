using System.Text.Json;
using System.Text.RegularExpressions;

namespace DemEngine.Cli.Tests;

/// <summary>Searches that lm-evaluation-harness judges. A script with its options, its table and its files stands in for it.</summary>
[Platform(Exclude = "Win", Reason = "the commands are for sh")]
public partial class HarnessCommandTests
{
    // Accuracy falls with the squared distances of the weights from 0.3; the standard error, which must not matter, rises with it.
    private const string Harness = """
        #!/bin/sh
        while [ $# -gt 0 ]; do
          case "$1" in
            --model_args) args=$2 ;;
            --output_path) out=$2 ;;
            --tasks) tasks=$2 ;;
          esac
          shift
        done
        model=${args#pretrained=}; model=${model%%,*}
        [ -f "$model/model.safetensors" ] || { echo "no model at $model" >&2; exit 1; }
        d=$(grep -o 'weight: [0-9.]*' "$model/dem-manifest.json" | awk '{s += ($2 - 0.3) * ($2 - 0.3)} END {printf "%.6f", s}')
        acc=$(awk "BEGIN {printf \"%.6f\", 0.8 - $d}"); err=$(awk "BEGIN {printf \"%.6f\", 0.9 + $d}")
        if [ -n "$out" ]; then
          mkdir -p "$out/candidate"
          cat > "$out/candidate/results_2026-01-02T03-04-05.678901.json" <<END
        {"results": {"$tasks": {"alias": "$tasks", "exact_match,strict-match": $acc, "exact_match_stderr,strict-match": $err,
          "exact_match,flexible-extract": 0.5, "exact_match_stderr,flexible-extract": $err}},
         "group_subtasks": {"$tasks": []}, "higher_is_better": {"$tasks": {"exact_match": true}}}
        END
        fi
        echo "vllm (pretrained=$model,dtype=auto), gen_kwargs: (None), limit: None, num_fewshot: 5, batch_size: auto"
        echo "|Tasks|Version|     Filter     |n-shot|  Metric   |   |Value |   |Stderr|"
        echo "|-----|------:|----------------|-----:|-----------|---|-----:|---|-----:|"
        echo "|$tasks|      3|flexible-extract|     5|exact_match|↑  |0.5000|±  |$err|"
        echo "|     |       |strict-match    |     5|exact_match|↑  |$acc|±  |$err|"
        """;

    private ModelFamily _family = null!;

    private static string Docs => Path.Combine(TestContext.CurrentContext.TestDirectory, "../../../../../docs/search.md");

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily("tiny", sources: 2);
        Directory.CreateDirectory(_family.PathOf("bin"));
        string script = _family.Write("bin/lm_eval", Harness + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void The_documented_line_searches_by_the_metric_and_not_by_its_error()
    {
        Match line = DocumentedLine().Match(File.ReadAllText(Docs));
        Assert.That(line.Success, "docs/search.md has a line for lm_eval");
        JsonElement best = Search("documented", WithPath(line.Groups["command"].Value), "--metric", line.Groups["metric"].Value, "--strategy", "grid", "--range", "0:0.6:0.1", "--json")
            .Expect(0).Json.GetProperty("best");
        ExpectOptimum(best);
        Assert.That(best.GetProperty("objective").GetDouble(), Is.EqualTo(0.8));
        Assert.That(Directory.GetFiles(_family.PathOf("documented/evaluations"), "results_*.json", SearchOption.AllDirectories), Has.Length.EqualTo(49), "the base is in the grid");
    }

    [Test]
    public void The_printed_table_alone_will_do()
    {
        JsonElement report = Search("table", Printed, "--metric", "exact_match,strict-match", "--json").Expect(0).Json;
        ExpectOptimum(report.GetProperty("best"));
    }

    [Test]
    public void A_choice_that_is_unclear_ends_the_search_with_what_there_is()
    {
        Search("unclear", Printed, "-q").ExpectError(ErrorCode.MetricUnclear, "exact_match,strict-match");
        Search("unclear", Printed, "--metric", "acc", "-q").ExpectError(ErrorCode.MetricUnclear, "flexible-extract 0.5 ±");
        Assert.That(File.ReadAllText(_family.PathOf("unclear/trials.jsonl")), Is.Empty, "nothing is noted");
    }

    [Test]
    public void Eval_lists_what_there_is_with_its_errors()
    {
        string[] eval = ["eval", "--model", _family.PathOf("base"), "--evaluate-command", WithPath("lm_eval --model vllm --model_args pretrained={model} --tasks gsm8k --output_path {out}")];
        CommandResult text = Dem.Run(eval);
        Assert.That(text.ExitCode, Is.Not.EqualTo(139));
        JsonElement json = Dem.Run([.. eval, "--json"]).Expect(0).Json;
        Assert.That(json.GetProperty("data").GetProperty("gsm8k").GetProperty("exact_match,strict-match").GetDouble(), Is.GreaterThan(0));
        Assert.That(json.GetProperty("standard_errors").GetProperty("gsm8k").GetProperty("exact_match,flexible-extract").GetDouble(), Is.GreaterThan(0));
        Assert.That(text.Expect(0).Output, Does.Contain("exact_match,strict-match").And.Contain(" ± "));
    }

    [TestCase("grid")]
    [TestCase("random")]
    [TestCase("cma-es")]
    public void As_many_as_there_are_jobs_are_judged_at_a_time_and_the_search_is_the_same(string strategy)
    {
        // Later candidates end first, and each says which device it had.
        string log = _family.PathOf($"jobs-{strategy}.log");
        string slow = $"sleep 0.$(( 3 - ({{trial}} % 4) )); echo \"$CUDA_VISIBLE_DEVICES {{gpu}} $(basename {{model}})\" >> \"{log}\"; {Printed}";
        string[] options = ["--metric", "exact_match,strict-match", "--strategy", strategy, "--range", "0:1:0.5", "--trials", "9", "--seed", "3", "--json"];
        JsonElement together = Search($"jobs-{strategy}", slow, [.. options, "--jobs", "3", "--gpus", "0,1,6+7"]).Expect(0).Json;
        JsonElement alone = Search($"alone-{strategy}", Printed, options).Expect(0).Json;
        Assert.That(together.GetProperty("best").ToString(), Is.EqualTo(alone.GetProperty("best").ToString()));
        Assert.That(Coefficients($"jobs-{strategy}"), Is.EqualTo(Coefficients($"alone-{strategy}")));
        Assert.That(File.ReadLines(log).Distinct().Order().ToArray(), Is.EqualTo(new[] { "0 0 candidate-1", "1 1 candidate-2", "6,7 6,7 candidate-3" }));
        Assert.That(Directory.GetDirectories(_family.PathOf($"jobs-{strategy}"), "candidate*"), Is.Empty);
    }

    [Test]
    public void Less_is_better_where_the_output_says_so()
    {
        // Nothing in the name tells it: the arrow does.
        const string Table = "printf '|Tasks|Metric||Value||Stderr|\\n|t|oddness|↓|%s|±|9|\\n' ";
        string command = Table + "$(grep -o 'weight: [0-9.]*' {model}/dem-manifest.json | awk '{s += ($2 - 0.3) * ($2 - 0.3)} END {printf \"%.6f\", s}')";
        ExpectOptimum(Search("arrow", command, "--json").Expect(0).Json.GetProperty("best"));
        JsonElement again = Search("arrow", command, "--json").Expect(0).Json;
        Assert.That(again.GetProperty("evaluated").GetInt32(), Is.Zero);
        ExpectOptimum(again.GetProperty("best"));
    }

    [Test]
    public void A_failed_trial_is_named_and_can_be_retried_or_end_the_search()
    {
        string some = $"! grep -q 'weight: 0.[5-9]' {{model}}/dem-manifest.json && {Printed}";
        string[] options = ["--metric", "exact_match,strict-match", "--shared", "--strategy", "grid"];
        string text = Search("failed", some, options).Expect(0).Output;
        Assert.That(text, Does.Contain("5 trials failed, and counted for nothing").And.Match(@"trial 6 \(tuned 1 0\.5, tuned 2 0\.5\): DEM4101"));
        Search("stopped", some, [.. options, "--on-failure", "stop", "-q"]).ExpectError(ErrorCode.CommandFailed, "exit code 1");
        Assert.That(File.ReadAllText(_family.PathOf("stopped/trials.jsonl")), Does.Not.Contain("failed"));
        Search("slow", $"sleep 30; {Printed}", [.. options, "--timeout", "0.002", "-q"]).ExpectError(ErrorCode.NoTrialSucceeded, "DEM4204");

        string once = $"echo x >> {{out}}/../tries-{{trial}}; test $(wc -l < {{out}}/../tries-{{trial}}) -ge 2 && {Printed}";
        Assert.That(Search("retried", once, [.. options, "--retries", "1", "--json"]).Expect(0).Json.GetProperty("failed").GetInt32(), Is.Zero);
    }

    [Test]
    public void What_was_evaluated_to_compare_with_is_counted_apart()
    {
        string text = Search("counted", Printed, "--metric", "exact_match,strict-match", "--strategy", "random", "--trials", "3").Expect(0).Output;
        Assert.That(text, Does.Contain("random: 3 trials, all that were allowed; 3 of them evaluated now, and 1 more to compare with, in "));
    }

    [Test]
    public void Jobs_and_devices_must_fit()
    {
        Search("wrong", Printed, "--jobs", "3", "--gpus", "0,1").ExpectError(ErrorCode.BadArgument, "2 devices");
        Dem.Run("search", _family.Recipe, "--out", _family.PathOf("wrong"), "--valid", "x.jsonl", "--jobs", "2").ExpectError(ErrorCode.BadArgument, "--jobs");
        Search("wrong", Printed, "--retries", "-1").ExpectError(ErrorCode.BadArgument, "--retries");
    }

    private string Printed => WithPath("lm_eval --model vllm --model_args pretrained={model},dtype=auto --tasks gsm8k");

    private string WithPath(string command) => $"PATH=\"{_family.PathOf("bin")}:$PATH\"; {command}";

    private CommandResult Search(string folder, string command, params string[] more) =>
        Dem.Run(["search", _family.Recipe, "--out", _family.PathOf(folder), "--evaluate-command", command, .. more]);

    private string[] Coefficients(string folder) =>
        [.. File.ReadLines(_family.PathOf($"{folder}/trials.jsonl")).Skip(1)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .OrderBy(trial => trial.GetProperty("trial").GetInt32())
            .Select(trial => $"{trial.GetProperty("trial")} {trial.GetProperty("coefficients")}")];

    private static void ExpectOptimum(JsonElement best)
    {
        foreach (JsonProperty coefficient in best.GetProperty("coefficients").EnumerateObject())
            Assert.That(coefficient.Value.GetDouble(), Is.EqualTo(0.3).Within(0.05), coefficient.Name);
    }

    [GeneratedRegex(@"--evaluate-command '(?<command>lm_eval --model vllm [^']*)'[\s\\]*--metric (?<metric>\S+)")]
    private static partial Regex DocumentedLine();
}
