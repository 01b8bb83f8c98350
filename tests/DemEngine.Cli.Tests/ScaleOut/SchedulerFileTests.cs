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
            YamlNode container = Container(jobs[name]);
            Assert.That(Texts(container["args"]), Is.EqualTo(new[] { plan }));
            string[] command = Texts(container["command"]);
            Assert.That(command[..2], Is.EqualTo(new[] { "sh", "-c" }));
            Parsed(CommandIn(command[2], plan));

            // A container that restarts in place is not asked for by the policy, so that each failure has to end the pod.
            Assert.That(Text(jobs[name]["spec"]["template"]["spec"]["restartPolicy"]), Is.EqualTo("Never"));
            IEnumerable<YamlNode> rules = (YamlSequenceNode)jobs[name]["spec"]["podFailurePolicy"]["rules"];
            YamlNode codes = rules.Single(rule => ((YamlMappingNode)rule).Children.ContainsKey("onExitCodes"))["onExitCodes"];
            Assert.That(Text(codes["containerName"]), Is.EqualTo(Text(container["name"])));
            Assert.That(Texts(codes["values"]), Is.EqualTo(new[] { $"{ErrorCode.PartsMissing.ExitCode}" }));
        }
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

    private static string[] CommandIn(string script, string plan)
    {
        string command = script.Split("exec dem ")[1];
        Assert.That(script, Does.StartWith($"test -f \"$0\" || exit {ErrorCode.PartsMissing.ExitCode};"));
        return [.. command.Replace("\"$0\"", plan, StringComparison.Ordinal).Split(' ')];
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
