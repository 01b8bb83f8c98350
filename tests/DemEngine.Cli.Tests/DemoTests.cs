using System.Text.Json;

namespace DemEngine.Cli.Tests;

public class DemoTests
{
    private TempFolder _folder = null!;

    private string Folder => _folder.PathOf("demo");

    [OneTimeSetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test, Order(1)]
    public void It_shows_everything_in_one_go()
    {
        CommandResult result = Dem.Run("demo", "--dir", Folder).Expect(0);
        Assert.That(result.Output, Does.Contain("48 tensors read back").And.Contain("GB/s").And.Contain("math-chat").And.Contain("dem merge '"));
        Assert.That(result.Output, Does.Not.Contain("\u001b").And.Not.Contain("-0.000"));
        Assert.That(result.Output.TrimEnd().Split('\n')[^1], Is.EqualTo(Folder));
        Assert.That(result.ErrorLines[0], Is.EqualTo($"making {Path.Combine(Folder, "base")}"));
        Assert.That(Directory.GetFiles(Path.Combine(Folder, "merged"), "*.safetensors"), Has.Length.GreaterThanOrEqualTo(3));
    }

    [Test, Order(2)]
    public void Again_it_makes_the_merge_only_and_measures_the_same()
    {
        CommandResult result = Dem.Run("demo", "--dir", Folder, "--json").Expect(0);
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Json.EnumerateObject().Select(field => field.Name), Is.EqualTo(["folder", "recipe", "heat_map", "merge", "verified", "models"]));
        JsonElement models = result.Json.GetProperty("models");
        double Cosine(int one, int other) => models[one].GetProperty("cosines")[other].GetDouble();
        double Distance(int model) => models[model].GetProperty("distance").GetDouble();

        Assert.That(Cosine(0, 0), Is.EqualTo(1).Within(1e-12));
        Assert.That(Cosine(0, 1), Is.EqualTo(0).Within(0.01), "tuned independently");
        Assert.That(Cosine(0, 2), Is.EqualTo(Math.Sqrt(0.5)).Within(0.01), "tuned further");
        Assert.That(Distance(1) / Distance(0), Is.EqualTo(2).Within(0.02));

        // Of Σ ωᵢ·Δᵢ, by the lengths and angles of the Δᵢ; the rest is the rounding to bf16.
        double expected = Math.Sqrt(Math.Pow((0.6 + 0.25) * Distance(0), 2) + Math.Pow(0.3 * Distance(1), 2) + Math.Pow(0.25 * Distance(0), 2));
        Assert.That(Distance(3), Is.EqualTo(expected).Within(1).Percent);
        long bytes = new DirectoryInfo(Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        Assert.That(bytes, Is.InRange(100_000_000, 200_000_000));
    }

    [Test, Order(3)]
    public void The_recipe_can_be_merged_again()
    {
        Dem.Run("merge", Path.Combine(Folder, "recipe.yaml"), "--out", Path.Combine(Folder, "again"), "--max-shard-size", "10MB", "--quiet").Expect(0);
        foreach (string file in Directory.GetFiles(Path.Combine(Folder, "merged")))
            Assert.That(File.ReadAllBytes(Path.Combine(Folder, "again", Path.GetFileName(file))).AsSpan().SequenceEqual(File.ReadAllBytes(file)), file);
    }

    [Test]
    public void What_is_not_its_own_it_does_not_touch()
    {
        Directory.CreateDirectory(_folder.PathOf("mine"));
        _folder.Write("mine/file", "precious");
        Dem.Run("demo", "--dir", _folder.PathOf("mine")).ExpectError(ErrorCode.OutputNotOurs);
        Dem.Run("demo", "--dir", _folder.PathOf("mine/file")).ExpectError(ErrorCode.OutputNotOurs);
        Assert.That(Directory.GetFileSystemEntries(_folder.PathOf("mine")), Has.Length.EqualTo(1));
    }
}
