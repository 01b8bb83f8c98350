using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace DemEngine.Cli.Tests.ScaleOut;

/// <summary>The files for schedulers that people copy: what they call is there, and their numbers fit each other.</summary>
public sealed partial class SchedulerFileTests
{
    [Test]
    public void The_manifest_has_as_many_completions_as_the_plan_has_parts()
    {
        Dictionary<string, YamlNode> jobs = Jobs();
        Assert.That(jobs.Keys, Is.EqualTo(new[] { "dem-plan", "dem-parts", "dem-join" }));
        ParseResult plan = Parsed(Words(jobs["dem-plan"]));
        YamlNode parts = jobs["dem-parts"]["spec"];
        Assert.That(Text(parts["completionMode"]), Is.EqualTo("Indexed"));
        Assert.That(Text(parts["completions"]), Is.EqualTo($"{plan.GetValue<int>("--parts")}"));
        Assert.That(jobs.Values.Select(job => Text(Container(job)["image"])).Distinct().Count(), Is.EqualTo(1), "one version for all");
    }

    [Test]
    public void Every_job_of_the_manifest_reads_the_plan_that_is_written_and_waits_for_it()
    {
        Dictionary<string, YamlNode> jobs = Jobs();
        string plan = Parsed(Words(jobs["dem-plan"])).GetValue<FileInfo>("--out")!.FullName;
        foreach (string name in new[] { "dem-parts", "dem-join" })
        {
            // Images of dem alone have no shell.
            string[] words = Words(jobs[name]);
            Parsed(words);
            Assert.That(words[1], Is.EqualTo(plan));

            // A container that restarts in place is not asked for by the policy, so that each failure has to end the pod.
            Assert.That(Text(jobs[name]["spec"]["template"]["spec"]["restartPolicy"]), Is.EqualTo("Never"));
            Assert.That(ErrorCode.NoPlan.ExitCode, Is.EqualTo(ErrorCode.PartsMissing.ExitCode));
            Assert.That(CodesOf(jobs[name], "Ignore"), Is.EqualTo(new[] { $"{ErrorCode.PartsMissing.ExitCode}" }));
        }

        foreach (YamlNode job in jobs.Values)
            Assert.That(CodesOf(job, "FailJob"), Is.EqualTo(new[] { $"{ErrorCode.PlanMismatch.ExitCode}" }), "the same would happen again");
    }

    [TestCase("dem-parts.sbatch")]
    [TestCase("dem-join.sbatch")]
    [TestCase("submit.sh")]
    public void Scripts_for_Slurm_call_what_is_there(string file)
    {
        string text = File.ReadAllText(PathOf($"slurm/{file}"));
        Match call = CallOfDem().Match(text);
        Assert.That(call.Success);
        string words = call.Groups[1].Value.Replace("\"$@\"", "", StringComparison.Ordinal).Replace("$parts", "8", StringComparison.Ordinal).Replace("$phase", "measure", StringComparison.Ordinal);
        Parsed([.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim('"'))]);
        if (file.EndsWith(".sbatch", StringComparison.Ordinal))
            Assert.That(text, Does.Contain("#SBATCH --requeue").And.Contain("= 75"));
        else
            Assert.That(text, Does.Contain("--array=\"0-$((parts - 1))\"").And.Contain("afterok:$array"));
    }

    private static string[] CodesOf(YamlNode job, string action)
    {
        IEnumerable<YamlNode> rules = (YamlSequenceNode)job["spec"]["podFailurePolicy"]["rules"];
        YamlNode codes = rules.Single(rule => Text(rule["action"]) == action && ((YamlMappingNode)rule).Children.ContainsKey("onExitCodes"))["onExitCodes"];
        IEnumerable<YamlNode> conditions = rules.Where(rule => ((YamlMappingNode)rule).Children.ContainsKey("onPodConditions")).SelectMany(rule => (YamlSequenceNode)rule["onPodConditions"]);
        Assert.That(conditions.Select(one => (Text(one["type"]), Text(one["status"]))), Is.EqualTo(new[] { ("DisruptionTarget", "True") }), "both are required");
        Assert.That(Text(codes["containerName"]), Is.EqualTo(Text(Container(job)["name"])));
        return Texts(codes["values"]);
    }

    private static ParseResult Parsed(params string[] words)
    {
        ParseResult parsed = DemCommand.Build().Parse(words);
        Assert.That(parsed.Errors.Select(error => error.Message), Is.Empty, string.Join(' ', words));
        return parsed;
    }

    private static string[] Words(YamlNode job)
    {
        Assert.That(Texts(Container(job)["command"]), Is.EqualTo(new[] { "dem" }));
        return Texts(Container(job)["args"]);
    }

    private static YamlNode Container(YamlNode job) => job["spec"]["template"]["spec"]["containers"][0];

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static string[] Texts(YamlNode node) => [.. ((YamlSequenceNode)node).Select(Text)];

    private static Dictionary<string, YamlNode> Jobs()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(PathOf("kubernetes/dem-merge.yaml"))));
        foreach (YamlDocument document in stream.Documents)
        {
            Assert.That(Text(document.RootNode["apiVersion"]), Is.EqualTo("batch/v1"));
            Assert.That(Text(document.RootNode["kind"]), Is.EqualTo("Job"));
        }

        return stream.Documents.ToDictionary(document => Text(document.RootNode["metadata"]["name"]), document => document.RootNode);
    }

    private static string PathOf(string file, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../tools", file));

    [GeneratedRegex(@"^\$\{DEM:-dem\} (.*)$", RegexOptions.Multiline)]
    private static partial Regex CallOfDem();
}
