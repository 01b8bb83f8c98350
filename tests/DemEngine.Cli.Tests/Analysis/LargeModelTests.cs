using System.Text.Json;

namespace DemEngine.Cli.Tests.Analysis;

/// <summary>Models of very many tensors, whose files are holes.</summary>
[NonParallelizable]
public sealed class LargeModelTests
{
    private TempFolder _folder = null!;

    [OneTimeSetUp]
    public void MakeModel()
    {
        _folder = new TempFolder();
        Dem.Run("synth", "--shape", "deepseek-v3", "--sparse", "--max-shard-size", "40GB", "--out", _folder.PathOf("large"), "-q").Expect(0);
        _folder.Write("recipe.yaml", "merge_method: linear\nmodels: [{model: large, parameters: {weight: 1}}]\n");
    }

    [OneTimeTearDown]
    public void RemoveModel() => _folder.Dispose();

    [Test]
    public void A_plan_fits_on_a_screen_and_says_that_the_disk_has_no_room()
    {
        CommandResult plan = DryRun();
        plan.Expect(1);
        Assert.That(plan.ErrorLines[0], Does.StartWith($"error {ErrorCode.DiskFull}: "));
        Assert.That(plan.Output.Split('\n'), Has.Length.LessThan(40));
        Assert.That(plan.Output, Does.Match(@"59×256×3 +model\.layers\.\*\.mlp\.experts\.\*\.\{gate,up,down\}_proj\.weight +BF16\[2048, 7168\], \[7168, 2048\]  "));
        Assert.That(plan.Output, Does.Match(@"\nmemory +.* in buffers at most, and about \d[\d.]* MB for names and places of 46183 tensors\n"));
        Assert.That(plan.Output, Does.Contain("the same in samples"));
    }

    [Test]
    public void Its_json_has_groups_and_no_list_of_tensors()
    {
        CommandResult plan = DryRun("--json");
        plan.Expect(1);
        JsonElement json = JsonDocument.Parse(plan.Output).RootElement;
        Assert.That(json.TryGetProperty("tensors", out _), Is.False);
        Assert.That(json.GetProperty("groups").EnumerateArray().Sum(group => group.GetProperty("tensors").GetInt32()), Is.EqualTo(46183));
        Assert.That(json.GetProperty("tensor_count").GetInt32(), Is.EqualTo(46183));
    }

    [Test]
    public void Inspect_shows_a_tree()
    {
        string output = Dem.Run("inspect", _folder.PathOf("large")).Expect(0).Output;
        Assert.That(output.Split('\n'), Has.Length.LessThan(80));
        Assert.That(output, Does.Contain("layers      61 in model.layers").And.Match(@"\n +experts\.\* +\n").Or.Contain("experts.*"));
        Assert.That(Dem.Run("inspect", _folder.PathOf("large"), "-q").Expect(0).Output, Is.Empty);
    }

    [Test]
    public void A_sparse_model_is_as_its_manifest_says()
    {
        Dem.Run("synth", "--shape", "tiny", "--sparse", "--max-shard-size", "100KB", "--out", _folder.PathOf("sparse"), "-q").Expect(0);
        Assert.That(Dem.Run("verify", _folder.PathOf("sparse")).Expect(0).Output, Does.Contain("as the manifest says"));
    }

    private CommandResult DryRun(params string[] more)
    {
        if (new DriveInfo(_folder.Path).AvailableFreeSpace > 1_300_000_000_000)
            Assert.Ignore("the disk has room for the largest models");
        return Dem.Run(["merge", _folder.PathOf("recipe.yaml"), "--out", _folder.PathOf("out"), "--dry-run", .. more]);
    }
}
