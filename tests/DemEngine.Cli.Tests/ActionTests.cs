using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;

namespace DemEngine.Cli.Tests;

/// <summary>The GitHub Action: its definition, and the script that it runs.</summary>
public partial class ActionTests
{
    private static string Repository => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    private static string Definition => Path.Combine(Repository, "action.yml");

    [Test]
    public void Its_definition_uses_inputs_that_it_declares_and_files_that_are_there()
    {
        string text = File.ReadAllText(Definition);
        var root = (MapNode)NodeReader.Read(text, "action.yml").Single();
        RecipeNode At(RecipeNode node, string key) => ((MapNode)node).Entries.Single(entry => entry.Key == key).Value;
        string[] inputs = [.. ((MapNode)At(root, "inputs")).Entries.Select(entry => entry.Key)];
        Assert.That(InputPattern().Matches(text).Select(match => match.Groups[1].Value).Distinct(), Is.EquivalentTo(inputs));
        foreach (MapNode step in ((ListNode)At(At(root, "runs"), "steps")).Items.Cast<MapNode>())
        {
            string[] keys = [.. step.Entries.Select(entry => entry.Key)];
            Assert.That(keys.Contains("run") ? keys.Contains("shell") : keys.Contains("uses"));
            if (keys.Contains("run"))
                Assert.That(((TextNode)At(step, "run")).Text, Does.Not.Contain("${{"), "what a caller gives is never a part of a script");
        }

        foreach (Match file in FilePattern().Matches(text))
            Assert.That(Path.Exists(Path.Combine(Repository, file.Groups[1].Value)), file.Value);
    }

    [Test]
    public void The_script_merges_verifies_and_keeps_every_answer()
    {
        using var folder = new TempFolder();
        Dem.Run("synth", "--shape", "tiny", "--seed", "1", "--out", folder.PathOf("base"), "-q").Expect(0);
        Dem.Run("synth", "--tuned-from", folder.PathOf("base"), "--seed", "2", "--out", folder.PathOf("tuned"), "-q").Expect(0);
        string recipe = folder.Write("recipe.yaml", "merge_method: ties\nbase_model: base\nmodels: [{model: tuned, parameters: {weight: 0.5, density: 0.5}}]\n");

        Assert.That(Run(folder, recipe, "--threads=1\n--max-shard-size=50KB\n"), Is.Zero);
        var outputs = File.ReadAllLines(folder.PathOf("outputs")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.That(outputs["out"], Is.EqualTo(folder.PathOf("merged")));
        foreach (string name in new[] { "check", "merge", "verify" })
        {
            JsonElement answer = JsonDocument.Parse(File.ReadAllText(Path.Combine(outputs["report"], $"{name}.json"))).RootElement;
            Assert.That(answer.GetProperty("schema").GetInt32(), Is.EqualTo(1), name);
            Assert.That(answer.TryGetProperty("error", out _), Is.False, name);
        }

        Assert.That(Directory.GetFiles(folder.PathOf("merged"), "model-*.safetensors"), Has.Length.GreaterThan(1), "options are passed on");
        Assert.That(File.ReadAllText(folder.PathOf("summary")), Does.Contain("dem verify: done"));
    }

    [Test]
    public void A_recipe_with_mistakes_ends_it_with_what_the_check_found()
    {
        using var folder = new TempFolder();
        string recipe = folder.Write("recipe.yaml", "merge_method: tie\nmodels: [{model: nowhere}]\n");
        Assert.That(Run(folder, recipe, ""), Is.EqualTo(2));
        Assert.That(File.ReadAllText(folder.PathOf("summary")), Does.Contain("dem check: failed with 2").And.Contain("DEM3006"));
        Assert.That(Directory.Exists(folder.PathOf("merged")), Is.False);
    }

    private static int Run(TempFolder folder, string recipe, string options)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/bin/bash"))
            Assert.Ignore("the action runs on Linux");
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Repository, "tools", "action", "merge.sh")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["DEM"] = Path.Combine(AppContext.BaseDirectory, "dem"),
            ["RECIPE"] = recipe,
            ["OUT"] = folder.PathOf("merged"),
            ["OPTIONS"] = options,
            ["RUNNER_TEMP"] = folder.Path,
            ["GITHUB_OUTPUT"] = folder.PathOf("outputs"),
            ["GITHUB_STEP_SUMMARY"] = folder.PathOf("summary"),
        })
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEndAsync().Result + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        TestContext.Out.WriteLine(errors);
        return process.ExitCode;
    }

    [GeneratedRegex(@"inputs\.(\w+)")]
    private static partial Regex InputPattern();

    [GeneratedRegex(@"(?:GITHUB_ACTION_PATH|github\.action_path \}\})/([\w./]+)")]
    private static partial Regex FilePattern();
}
