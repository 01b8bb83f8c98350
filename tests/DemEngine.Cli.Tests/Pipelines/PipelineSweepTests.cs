using System.Text.Json;
using DemEngine.Checkpoints;

namespace DemEngine.Cli.Tests.Pipelines;

/// <summary>What looks at whole diffusers pipelines, makes many of them, and describes them.</summary>
public sealed class PipelineSweepTests
{
    private const string Average = "merge_method: linear\nmodels:\n- {model: one, parameters: {weight: 0.5}}\n- {model: two, parameters: {weight: 0.5}}\n";

    private TempFolder _folder = null!;
    private string _recipe = null!;

    [SetUp]
    public void WritePipelines()
    {
        _folder = new TempFolder();
        TinyPipeline.Write(_folder.PathOf("one"), 1);
        TinyPipeline.Write(_folder.PathOf("two"), 3);
        _recipe = _folder.Write("recipe.yaml", Average);
    }

    [TearDown]
    public void DeletePipelines() => _folder.Dispose();

    [Test]
    public void Each_merge_of_a_sweep_is_what_it_would_be_alone()
    {
        string[] request = ["sweep", _recipe, "--set", "models[0].weight=0.25,0.5,1", "--out", _folder.PathOf("sweep")];
        JsonElement json = Dem.Run([.. request, "--json"]).Expect(0).Json;
        Assert.That(json.GetProperty("candidates").GetArrayLength(), Is.EqualTo(3));
        foreach (string weight in new[] { "0.25", "0.5", "1" })
        {
            _folder.Write("single.yaml", Average.Replace("model: one, parameters: {weight: 0.5}", $"model: one, parameters: {{weight: {weight}}}", StringComparison.Ordinal));
            string alone = _folder.PathOf($"alone-{weight}"), swept = _folder.PathOf($"sweep/models.0.weight-{weight}");
            Dem.Run("merge", _folder.PathOf("single.yaml"), alone).Expect(0);
            Dem.Run("diff", alone, swept, "--exit-code").Expect(0);
            Dem.Run("verify", swept).Expect(0);
            Assert.That(Directory.GetFiles(swept, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(swept, file)).Order(), Is.EqualTo(Directory.GetFiles(alone, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(alone, file)).Order()));
        }

        Assert.That(File.Exists(_folder.PathOf("sweep/sweep.csv")));
        Dem.Run(request).ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void A_sweep_goes_on_with_the_components_that_are_left()
    {
        string[] request = ["sweep", _recipe, "--set", "models[0].weight=0.25,0.5", "--out", _folder.PathOf("sweep")];
        TinyPipeline.Put(_folder.PathOf("two"), "unet/diffusion_pytorch_model.safetensors", TinyPipeline.NetWeight, float.NaN);
        Dem.Run(request).Expect(1);
        Assert.That(Directory.Exists(_folder.PathOf("sweep/models.0.weight-0.25")), Is.False, "nothing has its name before it is whole");
        string done = _folder.PathOf("sweep/.models.0.weight-0.5.dem-unfinished/text_encoder/model.safetensors");
        DateTime made = File.GetLastWriteTimeUtc(done);
        request = [.. request, "--resume", "--nonfinite", "warn"];
        Dem.Run(request).Expect(0);
        string kept = _folder.PathOf("sweep/models.0.weight-0.5/text_encoder/model.safetensors");
        Assert.That(File.GetLastWriteTimeUtc(kept), Is.EqualTo(made));

        Directory.Delete(_folder.PathOf("sweep/models.0.weight-0.25"), recursive: true);
        Assert.That(Dem.Run(request).Expect(0).Output, Does.Contain("1 was there already"));
        Assert.That(File.GetLastWriteTimeUtc(kept), Is.EqualTo(made));
        Dem.Run("verify", _folder.PathOf("sweep/models.0.weight-0.25")).Expect(0);
    }

    [Test]
    public void A_merged_pipeline_has_a_card_and_its_recipe()
    {
        foreach (string model in new[] { "one", "two" })
            TinyPipeline.Text(_folder.PathOf(model), "README.md", "---\nlicense: openrail++\n---\n# A pipeline\n");
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(0);
        string card = File.ReadAllText(_folder.PathOf("out/README.md"));
        Assert.That(card, Does.Contain("library_name: diffusers").And.Contain("license: \"openrail++\"").And.Contain("# Merge of one and two").And.Contain("Hash of all tensors"));
        _folder.Write("again.yaml", File.ReadAllText(_folder.PathOf("out/mergekit_config.yml")));
        Dem.Run("merge", _folder.PathOf("again.yaml"), _folder.PathOf("again")).Expect(0);
        Assert.That(File.ReadAllText(_folder.PathOf("again/README.md")), Is.EqualTo(card));
        File.AppendAllText(_folder.PathOf("out/README.md"), "Edited.\n");
        Assert.That(Dem.Run("verify", _folder.PathOf("out")).Expect(0).Output, Does.Contain("README.md was edited"));

        Dem.Run("merge", _recipe, _folder.PathOf("plain"), "--no-card").Expect(0);
        Assert.That(File.Exists(_folder.PathOf("plain/README.md")), Is.False);
        Dem.Run("convert", _folder.PathOf("one"), "--out", _folder.PathOf("converted")).Expect(0);
        Dem.Run("verify", _folder.PathOf("converted")).Expect(0);
    }

    [Test]
    public void Pipelines_are_compared_component_by_component()
    {
        JsonElement json = Dem.Run("diff", _folder.PathOf("one"), _folder.PathOf("two"), "--json", "--all").Expect(0).Json;
        Assert.That(json.GetProperty("identical").GetBoolean(), Is.False);
        string[] different = [.. json.GetProperty("different").EnumerateArray().Select(tensor => tensor.GetProperty("name").GetString()!)];
        Assert.That(different, Does.Contain($"unet.{TinyPipeline.NetWeight}").And.Contain($"text_encoder_2.{TinyPipeline.TextWeight}"));
        Assert.That(different, Has.None.StartsWith("vae."));
        Dem.Run("diff", _folder.PathOf("one"), _folder.PathOf("one"), "--exit-code").Expect(0);
    }

    [Test]
    public void Distances_are_measured_through_all_components_and_with_an_adapter_of_all()
    {
        JsonElement json = Dem.Run("distance", "--base", _folder.PathOf("one"), _folder.PathOf("two"), "--json").Expect(0).Json;
        string text = json.ToString();
        Assert.That(text, Does.Contain("text_encoder_2").And.Contain("unet").And.Contain("vae"));

        TinyPipeline.PutLora(_folder.PathOf("lora.safetensors"), ("lora_te2_text_model_encoder_layers_0_self_attn_q_proj", 10), ("lora_unet_down_blocks_0_attentions_0_to_q", 20));
        string table = Dem.Run("distance", "--base", _folder.PathOf("one"), $"{_folder.PathOf("one")}+{_folder.PathOf("lora.safetensors")}").Expect(0).Output;
        Assert.That(table, Does.Contain("unet"));

        // Two of the components change: by 10 and by 20 in each of 16 elements.
        JsonElement adapted = Dem.Run("distance", "--base", _folder.PathOf("one"), $"{_folder.PathOf("one")}+{_folder.PathOf("lora.safetensors")}", "--json").Expect(0).Json;
        Assert.That(adapted.ToString(), Does.Contain($"{Math.Sqrt((16 * 100) + (16 * 400)):0.####}"));
    }

    [Test]
    public void A_pipeline_is_inspected_whole()
    {
        string text = Dem.Run("inspect", _folder.PathOf("one"), "--all", "--stats").Expect(0).Output;
        Assert.That(text, Does.Contain(": pipeline").And.Contain($"unet.{TinyPipeline.NetWeight}").And.Contain("vae/diffusion_pytorch_model.safetensors"));
        Assert.That(Dem.Run("inspect", _folder.PathOf("one"), "--json").Expect(0).Json.ToString(), Does.Contain("text_encoder_2/model.safetensors"));
    }

    [Test]
    public void What_needs_one_model_still_refuses_a_pipeline()
    {
        string data = _folder.Write("set.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
        string recipe = _folder.Write("pipelines.yaml", "merge_method: linear\nmodels:\n- {model: one, parameters: {weight: 0.5}}\n- {model: two, parameters: {weight: 0.5}}\n");
        foreach (CommandResult result in new[]
        {
            Dem.Run("eval", "--model", _folder.PathOf("one"), "--data", $"set={data}"),
            Dem.Run("search", recipe, "--valid", $"set={data}", "--out", _folder.PathOf("search")),
        })
            Assert.That(result.Expect(2).Error, Does.Contain($"{ErrorCode.CheckpointNotFound}").And.Contain("give its folder or file").And.Contain("unet"));
        using Checkpoint unet = Checkpoint.Open(_folder.PathOf("one/unet"));
        Assert.That(unet.Tensors, Has.Length.EqualTo(2));
    }
}
