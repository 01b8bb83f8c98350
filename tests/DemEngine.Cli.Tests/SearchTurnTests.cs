using System.Text.Json;

namespace DemEngine.Cli.Tests;

/// <summary>Searches whose trials are handed out and told: <c>dem search ask</c> and <c>dem search tell</c>.</summary>
public class SearchTurnTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", sources: 2);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Asked_trials_are_recipes_that_merge_and_the_best_that_was_told_is_the_result()
    {
        JsonElement asked = Ask("turns", "--n", "5", "--strategy", "random", "--metric", "acc");
        JsonElement[] trials = [.. asked.GetProperty("trials").EnumerateArray()];
        Assert.That(trials.Select(trial => trial.GetProperty("trial").GetInt32()), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(asked.GetProperty("outstanding").GetInt32(), Is.EqualTo(5));
        Assert.That(asked.GetProperty("schema").GetInt32(), Is.EqualTo(1));

        string recipe = trials[3].GetProperty("recipe").GetString()!;
        Dem.Run("merge", recipe, "--out", _family.PathOf("turns-4"), "-q").Expect(0);
        foreach (JsonProperty coefficient in trials[3].GetProperty("coefficients").EnumerateObject())
            Assert.That(File.ReadAllText(recipe), Does.Contain($"weight: {coefficient.Value}"));

        foreach (int number in new[] { 5, 4, 1 })
            Tell("turns", number, "--value", number == 4 ? "0.9" : "0.2");
        JsonElement told = Tell("turns", 2, "--value", "0.5");
        Assert.That(told.GetProperty("best_trial").GetInt32(), Is.EqualTo(4));
        Dem.Run("merge", told.GetProperty("recipe").GetString()!, "--out", _family.PathOf("turns-best"), "-q").Expect(0);
        Assert.That(
            File.ReadAllBytes(_family.PathOf("turns-best/model.safetensors")).AsSpan()
                .SequenceEqual(File.ReadAllBytes(_family.PathOf("turns-4/model.safetensors"))));
        Assert.That(told.GetProperty("recipe").GetString(), Is.EqualTo(_family.PathOf("turns/recipe.yaml")));

        JsonElement outstanding = Ask("turns", "--outstanding", "--metric", "acc");
        Assert.That(outstanding.GetProperty("trials").EnumerateArray().Single().GetProperty("trial").GetInt32(), Is.EqualTo(3));
        Tell("turns", 3, "--failed", "the node went away");
        JsonElement more = Ask("turns", "--n", "1", "--strategy", "random", "--metric", "acc");
        Assert.That(more.GetProperty("trials")[0].GetProperty("trial").GetInt32(), Is.EqualTo(6));
        Assert.That(more.GetProperty("outstanding").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public void The_trials_are_those_of_a_search_in_one_run()
    {
        const string Distance = """grep -o 'weight: [0-9.]*' {model}/dem-manifest.json | awk '{s += ($2 - 0.3) * ($2 - 0.3)} END {printf "%.12f", s}'""";
        string[] strategy = ["--strategy", "cma-es", "--seed", "4", "--trials", "18", "--metric", "score:lower"];
        Dem.Run(["search", _family.Recipe, "--out", _family.PathOf("one-run"), "--evaluate-command", Distance, .. strategy, "-q"]).Expect(0);
        string[] expected = [.. File.ReadLines(_family.PathOf("one-run/trials.jsonl")).Skip(1).Take(18).Select(line => Json(line).GetProperty("coefficients").ToString())];

        var turns = new List<string>();
        bool waited = false;
        for (bool complete = false; !complete;)
        {
            JsonElement asked = Ask("in-turns", [.. strategy, "--n", "4"]);
            complete = asked.GetProperty("complete").GetBoolean();

            // A generation is six: of the second call only two are left until all six are told.
            JsonElement next = Ask("in-turns", [.. strategy, "--n", "4"]);
            waited |= next.GetProperty("waits").GetBoolean();
            foreach (JsonElement trial in asked.GetProperty("trials").EnumerateArray().Concat(next.GetProperty("trials").EnumerateArray()).Reverse())
            {
                double cost = trial.GetProperty("coefficients").EnumerateObject().Sum(one => Math.Pow(one.Value.GetDouble() - 0.3, 2));
                Tell("in-turns", trial.GetProperty("trial").GetInt32(), "--value", FormattableString.Invariant($"{Math.Round(cost, 12)}"));
            }

            turns.Clear();
            turns.AddRange(File.ReadLines(_family.PathOf("in-turns/trials.jsonl")).Skip(1).Select(Json)
                .OrderBy(trial => trial.GetProperty("trial").GetInt32()).Select(trial => trial.GetProperty("coefficients").ToString()));
        }

        Assert.That(turns, Is.EqualTo(expected));
        Assert.That(waited);
    }

    [Test]
    public void Another_optimiser_may_choose_the_point()
    {
        string[] at = ["--at", "tuned 1=0.25", "tuned 2=1.5", "--metric", "f1"];
        JsonElement first = Ask("at", at).GetProperty("trials")[0];
        Assert.That(first.GetProperty("coefficients").ToString(), Is.EqualTo("""{"tuned 1":0.25,"tuned 2":1.5}"""));
        Assert.That(first.GetProperty("told").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Tell("at", first.GetProperty("trial").GetInt32(), "--value", "math=0.5", "code=0.7");
        JsonElement again = Ask("at", at).GetProperty("trials")[0];
        Assert.That(again.GetProperty("trial").GetInt32(), Is.EqualTo(first.GetProperty("trial").GetInt32()));
        Assert.That(again.GetProperty("told").ToString(), Is.EqualTo("""{"math":0.5,"code":0.7}"""));
    }

    [Test]
    public void Results_of_a_harness_can_be_told()
    {
        Directory.CreateDirectory(_family.PathOf("lm/m"));
        string results = Path.GetDirectoryName(_family.Write("lm/m/results_2026.json", """{"results": {"t": {"ppl,none": 9, "ppl_stderr,none": 99}}, "higher_is_better": {"t": {"ppl": false}}}"""))!;
        int first = Ask("told", "--metric", "ppl").GetProperty("trials")[0].GetProperty("trial").GetInt32();
        Assert.That(Tell("told", first, "--results", results).GetProperty("objective").GetDouble(), Is.EqualTo(9));
        int second = Ask("told", "--strategy", "random", "--metric", "ppl").GetProperty("trials")[0].GetProperty("trial").GetInt32();
        Assert.That(Tell("told", second, "--value", "12").GetProperty("best_trial").GetInt32(), Is.EqualTo(first), "less is better");
    }

    [Test]
    public void Several_processes_can_ask_and_tell_at_once()
    {
        string[] ask = ["search", "ask", _family.Recipe, "--out", _family.PathOf("crowd"), "--strategy", "random", "--n", "3"];
        DemProcess[] asking = [.. Enumerable.Range(0, 4).Select(_ => DemProcess.Start(ask))];
        int[] numbers = [.. asking.SelectMany(process => Json(process.Wait().Expect(0).Output).GetProperty("trials").EnumerateArray().Select(trial => trial.GetProperty("trial").GetInt32()).ToArray())];
        Assert.That(numbers, Is.EquivalentTo(Enumerable.Range(1, 12)));
        DemProcess[] telling = [.. numbers.Take(6).Select(number => DemProcess.Start("search", "tell", "--out", _family.PathOf("crowd"), "--trial", $"{number}", "--value", $"0.{number}"))];
        foreach (DemProcess process in telling)
            process.Wait().Expect(0);
        Assert.That(File.ReadLines(_family.PathOf("crowd/trials.jsonl")).Count(), Is.EqualTo(7));
        Assert.That(Ask("crowd", "--outstanding").GetProperty("outstanding").GetInt32(), Is.EqualTo(6));
        foreach (DemProcess process in asking.Concat(telling))
            process.Dispose();
    }

    [Test]
    public void Workers_that_die_lose_no_trial_and_double_none()
    {
        const int trials = 10;
        string[] strategy = ["--strategy", "random", "--seed", "3", "--trials", $"{trials}", "--metric", "acc"];
        string[] expected = [.. Trials(Ask("undisturbed", [.. strategy, "--n", $"{trials}"])).Select(trial => trial.GetProperty("coefficients").ToString())];

        // Some die before they have a trial, some while they have it, and some as they write.
        string[] ask = ["search", "ask", _family.Recipe, "--out", _family.PathOf("leased"), .. strategy, "--lease", "0.02"];
        string[] logs = [.. new[] { "leases.jsonl", "asked.jsonl", "asked" }.Select(name => _family.PathOf($"leased/{name}"))];
        for (int k = 0; k < logs.Length; k++)
        {
            using DemProcess dying = DemProcess.Start(ask);
            if (dying.WaitUntil(() => Path.Exists(logs[k])))
                dying.Kill();
            Dem.Run(ask).Expect(0);
        }

        // A part of a line that a process wrote when it died.
        File.AppendAllText(_family.PathOf("leased/leases.jsonl"), "{\"trial\":1,\"un");
        var done = new Dictionary<int, string>();
        for (bool complete = false; !complete;)
        {
            JsonElement asked = Ask("leased", [.. strategy, "--n", "2", "--lease", "0.02"]);
            complete = asked.GetProperty("complete").GetBoolean();
            foreach (JsonElement trial in Trials(asked))
            {
                int number = trial.GetProperty("trial").GetInt32();
                Assert.That(done.TryAdd(number, trial.GetProperty("coefficients").ToString()), $"trial {number} twice");
                Tell("leased", number, "--value", "0.5");
            }

            if (Trials(asked).Length == 0)
                Thread.Sleep(100);
            complete = complete && asked.GetProperty("outstanding").GetInt32() == 0;
        }

        Assert.That(done.OrderBy(one => one.Key).Select(one => one.Value), Is.EqualTo(expected), "each once");
        Assert.That(File.ReadLines(_family.PathOf("leased/trials.jsonl")).Count(), Is.EqualTo(trials + 1));
    }

    [Test]
    public void A_trial_is_its_worker_s_until_the_lease_has_run_out()
    {
        string[] strategy = ["--strategy", "random", "--metric", "acc"];
        int first = Trials(Ask("lease", [.. strategy, "--lease", "60"])).Single().GetProperty("trial").GetInt32();
        int second = Trials(Ask("lease", [.. strategy, "--lease", "0"])).Single().GetProperty("trial").GetInt32();
        Assert.That(new[] { first, second }, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Trials(Ask("lease", strategy)).Single().GetProperty("trial").GetInt32(), Is.EqualTo(3), "who asks without a lease gets new ones");
        Assert.That(
            Trials(Ask("lease", [.. strategy, "--lease", "60", "--n", "2"])).Select(trial => trial.GetProperty("trial").GetInt32()),
            Is.EqualTo(new[] { 2, 4 }));
        Dem.Run("search", "ask", _family.Recipe, "--out", _family.PathOf("lease"), "--lease", "1", "--outstanding").ExpectError(ErrorCode.BadArgument, "--lease");
    }

    [Test]
    public void What_is_wrong_is_named()
    {
        Dem.Run("search", "tell", "--out", _family.PathOf("nowhere"), "--trial", "1", "--value", "1").ExpectError(ErrorCode.BadArgument, "no such folder");
        Ask("wrong", "--n", "1");
        Dem.Run("search", "tell", "--out", _family.PathOf("wrong"), "--trial", "9", "--value", "1").ExpectError(ErrorCode.BadArgument, "no trial 9");
        Dem.Run("search", "tell", "--out", _family.PathOf("wrong"), "--trial", "1").ExpectError(ErrorCode.BadArgument, "--value, --results and --failed");
        Dem.Run("search", "tell", "--out", _family.PathOf("wrong"), "--trial", "1", "--value", "good").ExpectError(ErrorCode.BadArgument, "'good'");
        Dem.Run("search", "ask", _family.Recipe, "--out", _family.PathOf("wrong"), "--at", "tuned 1=0.1").ExpectError(ErrorCode.BadArgument, "\"tuned 2\"");
        Assert.That(Tell("wrong", 1, "--value", "nan").GetProperty("error").GetString(), Does.Contain("NaN"));
    }

    private JsonElement Ask(string folder, params string[] more) =>
        Dem.Run(["search", "ask", _family.Recipe, "--out", _family.PathOf(folder), .. more]).Expect(0).Json;

    private JsonElement Tell(string folder, int trial, params string[] more) =>
        Dem.Run(["search", "tell", "--out", _family.PathOf(folder), "--trial", $"{trial}", .. more, "--json"]).Expect(0).Json;

    private static JsonElement[] Trials(JsonElement asked) => [.. asked.GetProperty("trials").EnumerateArray()];

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
