using System.Text.Json;

namespace DemEngine.Cli.Tests;

/// <summary>What <c>dem extract --lora</c> and <c>dem lora</c> write, and adapters as what commands take for a model.</summary>
public sealed class LoraCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeAdapters()
    {
        _family = new ModelFamily("tiny", sources: 2);
        foreach (int source in new[] { 1, 2 })
            Dem.Run(
                "extract", "--lora", "--base", _family.PathOf("base"), "--tuned", _family.PathOf($"tuned {source}"),
                "--rank", "4", "--out", _family.PathOf($"lora{source}"), "--svg", _family.PathOf($"{source}.svg")).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void An_extracted_adapter_says_how_well_it_stands_for_the_change_and_draws_it()
    {
        CommandResult result = Dem.Run(
            "extract", "--lora", "--base", _family.PathOf("base"), "--tuned", _family.PathOf("tuned 1"),
            "--energy", "0.5", "--dtype", "bf16", "--out", _family.PathOf("half"), "--json").Expect(0);
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.That(report.GetProperty("energy").GetDouble(), Is.InRange(0.49, 1));
        Assert.That(report.GetProperty("matrices").EnumerateArray().Select(one => one.GetProperty("energy").GetDouble()), Has.All.GreaterThan(0.49));
        Assert.That(File.ReadAllText(_family.PathOf("1.svg")), Does.StartWith("<svg").And.Contain("% kept"));
        Assert.That(Dem.Run("inspect", _family.PathOf("lora1")).Expect(0).Output, Does.Contain("adapter"));
    }

    [Test]
    public void A_model_with_an_adapter_is_taken_for_a_model()
    {
        string adapted = $"{_family.PathOf("base")}+{_family.PathOf("lora1")}";
        Assert.That(Dem.Run("distance", "--base", _family.PathOf("base"), adapted).Expect(0).Output, Does.Contain("whole"));
        Assert.That(Dem.Run("inspect", adapted).Expect(0).Output, Does.Contain("computed"));
        Dem.Run("convert", adapted, _family.PathOf("merged"), "--dtype", "f32").Expect(0);
        Assert.That(Dem.Run("distance", "--base", _family.PathOf("merged"), adapted).Expect(0).Output, Does.Match(@"whole +0 "));
        Dem.Run("extract", "--base", _family.PathOf("base"), "--tuned", adapted, "--out", _family.PathOf("vector")).Expect(0);

        string recipe = _family.Write(
            "loras.yaml",
            "merge_method: task_arithmetic\nbase_model: base\nmodels:\n- {model: base, lora: lora1, parameters: {weight: 0.5}}\n- {model: base+lora2, parameters: {weight: 0.5}}\n");
        Assert.That(Dem.Run("merge", recipe, _family.PathOf("out"), "--dry-run").Expect(0).Output, Does.Contain("b + 0.5·x1 + 0.5·x2"));
        Dem.Run("merge", recipe, _family.PathOf("out")).Expect(0);
        Dem.Run("verify", _family.PathOf("out")).Expect(0);
        Assert.That(File.ReadAllText(Path.Combine(_family.PathOf("out"), "README.md")), Does.Contain("`base+lora1`"));
    }

    [Test]
    public void An_adapter_cannot_be_verified_and_the_remedy_is_not_another_adapter()
    {
        CommandResult result = Dem.Run("verify", _family.PathOf("lora1")).Expect(2);
        Assert.That(result.Error, Does.Contain("DEM2021").And.Contain("this is an adapter").And.Not.Contain("MODEL+ADAPTER"));
    }

    [Test]
    public void Adapters_are_combined_and_cut()
    {
        string sum = _family.PathOf("sum");
        Assert.That(
            Dem.Run("lora", $"{_family.PathOf("lora1")}=0.5", $"{_family.PathOf("lora2")}=0.25", "--out", sum).Error,
            Does.Contain("DEM2049").And.Contain("saved whole").And.Contain("lora: ADAPTER"));

        // Without the norms, which are no products.
        foreach (int source in new[] { 1, 2 })
            Dem.Run("lora", WithoutNorms(source), "--out", _family.PathOf($"plain{source}"), "--overwrite").Expect(0);
        string[] both = [$"{_family.PathOf("plain1")}=0.5", $"{_family.PathOf("plain2")}=0.25"];
        Assert.That(Dem.Run(["lora", .. both, "--out", sum]).Expect(0).Output, Does.Contain("100 % of the whole"));
        Dem.Run(["lora", .. both, "--out", sum]).ExpectError(ErrorCode.OutputExists, "sum");
        Dem.Run(["lora", .. both, "--out", sum, "--rank", "2", "--overwrite"]).Expect(0);
        Assert.That(File.ReadAllText(Path.Combine(sum, "adapter_config.json")), Does.Contain("\"r\": 2"));
        Dem.Run(["lora", .. both, "--out", _family.PathOf("sum.safetensors")]).ExpectError(ErrorCode.BadArgument, "make a folder");
        Dem.Run("lora", $"{_family.PathOf("plain1")}=x", "--out", _family.PathOf("y")).ExpectError(ErrorCode.BadArgument, "a number");
    }

    [TestCase("--lora")]
    [TestCase("--rank", "4")]
    [TestCase("--svg", "x.svg")]
    public void Options_that_need_each_other_are_asked_for(params string[] options) =>
        Assert.That(
            Dem.Run(["extract", "--base", _family.PathOf("base"), "--tuned", _family.PathOf("tuned 1"), "--out", _family.PathOf("z"), .. options]).Expect(2).Error,
            Does.Contain("--lora"));

    private string WithoutNorms(int source)
    {
        string from = _family.PathOf($"lora{source}");
        string to = _family.PathOf($"factors{source}");
        Directory.CreateDirectory(to);
        using var adapter = Checkpoints.Checkpoint.Open(Path.Combine(from, "adapter_model.safetensors"));
        Checkpoints.SafetensorsWriter.Write(
            Path.Combine(to, "adapter_model.safetensors"), [.. adapter.Tensors.Where(tensor => tensor.Spec.Name.Contains("lora_", StringComparison.Ordinal))]);
        File.Copy(Path.Combine(from, "adapter_config.json"), Path.Combine(to, "adapter_config.json"), overwrite: true);
        return to;
    }
}
