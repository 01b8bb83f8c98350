using System.Text.Json;
using DemEngine.Evaluation;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;
using DemEngine.Tests;
using DemEngine.Tests.Faults;

namespace DemEngine.Search.Tests;

public class TrialLogTests
{
    private TempFolder _folder = null!;

    private string File => _folder.PathOf(TrialLog.FileName);

    [SetUp]
    public void Make() => _folder = new TempFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void What_was_noted_is_there_again()
    {
        Trial[] trials =
        [
            Ok([0.1, 0.25], ("x", 1.5), ("y", -2)),
            new(Coefficients.Of(0.3, 1e-6), [], double.NaN, 1.25, 0, "DEM4101: \"it\" failed"),
            Ok([0.1, 0.5], ("x", 0.1 + 0.2), ("y", 1e300)) with { Coefficients = new Coefficients([[0.1, 0.2], [0.5]]) },
        ];
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            foreach (Trial trial in trials)
                log.Append(trial);
        }

        using TrialLog again = TrialLog.Open(_folder.Path, Problem("a", "b"));
        Expect(again, trials);
        Assert.That(again.Find(Coefficients.Of(0.3, 1e-6))!.Error, Is.EqualTo("DEM4101: \"it\" failed"));
        Assert.That(again.Find(Coefficients.Of(0.3, 0.5)), Is.Null);
    }

    [Test]
    public void Each_trial_is_a_line_of_json()
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            log.Append(Ok([0.1, 0.25], ("x", 1.5), ("y", 2)));
            log.Append(Ok([0.1, 0.5], ("x", 1.5), ("y", 2)));
        }

        JsonElement[] lines = [.. System.IO.File.ReadLines(File).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(lines, Has.Length.EqualTo(3), "the problem and two trials");
        Assert.That(lines[1].ToString(), Is.EqualTo(
            """{"trial":1,"status":"ok","objective":1.75,"coefficients":{"a":0.1,"b":0.25},"metrics":{"x":1.5,"y":2},"seconds":0.5,"merge_seconds":0.125}"""));
    }

    [TestCase("{\"status\":\"ok\"")]
    [TestCase("{")]
    [TestCase("\0\0\0\0")]
    public void A_torn_last_line_is_cut(string torn)
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        byte[] whole = System.IO.File.ReadAllBytes(File);
        System.IO.File.AppendAllText(File, torn);
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            Expect(log, Ok([0.1, 0.25], ("x", 1), ("y", 2)));
            log.Append(Ok([0.2, 0.25], ("x", 1), ("y", 2)));
        }

        Assert.That(System.IO.File.ReadAllBytes(File)[..whole.Length], Is.EqualTo(whole));
        using TrialLog again = TrialLog.Open(_folder.Path, Problem("a", "b"));
        Assert.That(again.Trials.Count(), Is.EqualTo(2));
    }

    [TestCase("nonsense\n")]
    [TestCase("{}\n")]
    [TestCase("[1]\n")]
    [TestCase("{\"status\":\"ok\",\"coefficients\":{\"a\":0.5},\"metrics\":{},\"seconds\":1,\"merge_seconds\":1}\n")]
    [TestCase("{\"status\":\"ok\",\"coefficients\":{\"a\":\"0.5\",\"b\":1},\"metrics\":{},\"seconds\":1,\"merge_seconds\":1}\n")]
    [TestCase("{\"status\":\"ok\",\"coefficients\":{\"a\":1e999,\"b\":1},\"metrics\":{},\"seconds\":1,\"merge_seconds\":1}\n")]
    public void A_damaged_line_is_named(string line)
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        System.IO.File.AppendAllText(File, line);
        Assert.That(() => TrialLog.Open(_folder.Path, Problem("a", "b")), Throws.InstanceOf<DemException>()
            .With.Property("Code").EqualTo(ErrorCode.BadTrialLog).And.Message.Contains($"{TrialLog.FileName}:3: "));
        Assert.That(() => TrialLog.Open(_folder.Path, Problem("a", "b")), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.BadTrialLog), "it was closed again");
    }

    [Test]
    public void A_trial_before_any_problem_is_refused()
    {
        _folder.Write(TrialLog.FileName, "{\"status\":\"ok\",\"coefficients\":{},\"metrics\":{},\"seconds\":1,\"merge_seconds\":1}\n");
        Assert.That(() => TrialLog.Open(_folder.Path, Problem("a", "b")), Throws.InstanceOf<DemException>().With.Message.Contains(":1: "));
    }

    [Test]
    public void Trials_of_other_problems_stay_in_the_file_and_out_of_the_search()
    {
        SearchProblem one = Problem("a", "b");
        SearchProblem[] others =
        [
            one with { Setting = Identity.Of("dem", "another base") },
            one with { Judge = Identity.Of("loss", "another judge") },
            one with { Sets = [one.Sets[0], Identity.Of("y", "other contents")] },
            one with { Sets = [.. one.Sets, Identity.Of("z", "one more")] },
        ];
        using (TrialLog log = TrialLog.Open(_folder.Path, one))
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        foreach (SearchProblem other in others)
        {
            using TrialLog log = TrialLog.Open(_folder.Path, other);
            Assert.That(log.Trials, Is.Empty);
            log.Append(Ok([0.9, 0.9], ("x", 9), ("y", 9), ("z", 9)));
        }

        using TrialLog again = TrialLog.Open(_folder.Path, one);
        Assert.That(again.Trials.Select(trial => trial.Coefficients), Does.Contain(Coefficients.Of(0.1, 0.25)));
        Assert.That(again.Find(Coefficients.Of(0.9, 0.9))!["z"], Is.NaN, "of the problem with one more set, in which it also holds");
    }

    [Test]
    public void An_added_source_counts_as_zero_in_earlier_trials()
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        using TrialLog more = TrialLog.Open(_folder.Path, Problem("c", "b", "a"));
        Expect(more, Ok([0, 0.25, 0.1], ("x", 1), ("y", 2)));
    }

    [Test]
    public void Without_a_source_those_trials_hold_in_which_it_was_zero()
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
            log.Append(Ok([0.1, 0], ("x", 3), ("y", 4)));
        }

        using (TrialLog less = TrialLog.Open(_folder.Path, Problem("a")))
            Expect(less, Ok([0.1], ("x", 3), ("y", 4)));
        using TrialLog strict = TrialLog.Open(_folder.Path, Problem("a") with { ZeroIsAbsent = false });
        Assert.That(strict.Trials, Is.Empty, "a method in which every source shows");
    }

    [Test]
    public void Sources_and_sets_are_known_by_their_contents()
    {
        SearchProblem old = Problem("a", "b");
        using (TrialLog log = TrialLog.Open(_folder.Path, old))
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        SearchProblem renamed = old with
        {
            Sources = [old.Sources[1] with { Name = "bee" }, old.Sources[0] with { Name = "ay" }],
            Sets = [old.Sets[1] with { Name = "why" }],
        };
        using TrialLog again = TrialLog.Open(_folder.Path, renamed);
        Expect(again, Ok([0.25, 0.1], ("why", 2)));
        SearchProblem retuned = old with { Sources = [Identity.Of("a", "tuned again"), old.Sources[1]] };
        again.Dispose();
        using TrialLog other = TrialLog.Open(_folder.Path, retuned);
        Assert.That(other.Trials, Is.Empty);
    }

    [Test]
    public void A_trial_made_again_counts_as_it_came_out_last()
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            log.Append(new Trial(Coefficients.Of(0.1, 0.25), [], double.NaN, 1, 0, "failed"));
            log.Append(Ok([0.1, 0.25], ("x", 1), ("y", 2)));
        }

        using TrialLog again = TrialLog.Open(_folder.Path, Problem("a", "b"));
        Expect(again, Ok([0.1, 0.25], ("x", 1), ("y", 2)));
    }

    [Test]
    public void A_damaged_log_gives_a_named_error_or_trials()
    {
        using (TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b")))
        {
            log.Append(Ok([0.1, 0.25], ("x", 1.5), ("y", -2)));
            log.Append(new(Coefficients.Of(0.3, 1e-6), [], double.NaN, 1.25, 0, "DEM4101: failed é"));
        }

        Mutations.Run(3, System.IO.File.ReadAllBytes(File), contents =>
        {
            System.IO.File.WriteAllBytes(File, contents);
            using TrialLog log = TrialLog.Open(_folder.Path, Problem("a", "b"));
            _ = log.Trials.Count();
        });
    }

    [Test]
    public void A_damaged_list_of_what_was_asked_gives_a_named_error_or_trials()
    {
        SearchProblem problem = Problem("a", "b");
        AskedLog log = AskedLog.Open(_folder.Path);
        log.Append(problem, new AskedTrial(1, Coefficients.Of(0.1, 0.25), "trials/1.yaml", new Objective(ObjectiveKind.Mean, Metric.Loss)));
        log.Append(problem, new AskedTrial(2, Coefficients.Of(0.5, 1e-6), "trials/2 é.yaml", new Objective(ObjectiveKind.Weighted, new Metric("acc", true), new Dictionary<string, double> { ["x"] = 0.5 })));
        string file = Path.Combine(_folder.Path, AskedLog.FileName);
        Mutations.Run(4, System.IO.File.ReadAllBytes(file), contents =>
        {
            System.IO.File.WriteAllBytes(file, contents);
            AskedLog again = AskedLog.Open(_folder.Path);
            _ = again.NextNumber;
            _ = again.Find(2);
            _ = again.Of(problem).Count();
        });
    }

    [Test]
    public void A_damaged_list_of_leases_gives_a_named_error_or_leases()
    {
        LeaseLog log = LeaseLog.Open(_folder.Path);
        log.Append(1, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        log.Append(2, DateTime.MaxValue);
        string file = Path.Combine(_folder.Path, LeaseLog.FileName);
        Mutations.Run(5, System.IO.File.ReadAllBytes(file), contents =>
        {
            System.IO.File.WriteAllBytes(file, contents);
            _ = LeaseLog.Open(_folder.Path).HasRunOut(1, DateTime.UtcNow);
        });
    }

    private static SearchProblem Problem(params IEnumerable<string> sources) => new(
        Identity.Of("dem", "setting"), [.. sources.Select(name => Identity.Of(name, "contents of", name))], Identity.Of("loss", "judge"),
        [Identity.Of("x", "contents of x"), Identity.Of("y", "contents of y")], ZeroIsAbsent: true);

    private static Trial Ok(double[] coefficients, params (string Set, double Value)[] scores) => new(
        Coefficients.Of(coefficients), [.. scores.Select(score => new SetScore(score.Set, score.Value))], scores.Average(score => score.Value), 0.5, 0.125, null);

    private static void Expect(TrialLog log, params Trial[] trials)
    {
        Trial[] found = [.. log.Trials];
        Assert.That(found.Select(trial => trial.Coefficients), Is.EqualTo(trials.Select(trial => trial.Coefficients)));
        Assert.That(found.Select(trial => trial.Scores), Is.EqualTo(trials.Select(trial => trial.Scores)));
        Assert.That(found.Select(trial => (trial.Seconds, trial.MergeSeconds, trial.Error)), Is.EqualTo(trials.Select(trial => (trial.Seconds, trial.MergeSeconds, trial.Error))));
    }
}
