using System.Runtime.InteropServices;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.PyTorch;

namespace DemEngine.Cli.Tests.Pipelines;

/// <summary>What merges and conversions of whole diffusers pipelines write and refuse.</summary>
public sealed class PipelineTests
{
    private const string Average = "merge_method: linear\nmodels:\n- {model: one, parameters: {weight: 0.5}}\n- {model: two, parameters: {weight: 0.5}}\n";

    private static readonly string[] Weights =
    [
        "text_encoder/model.safetensors", "text_encoder_2/model.safetensors", "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ];

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
    public void Every_component_is_merged_and_the_rest_is_the_first_ones()
    {
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(0);
        Assert.That(Weights.Select(FirstNumber), Is.EqualTo(new[] { 2f, 2f, 2f, 7f }));
        foreach (string file in new[] { "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "unet/config.json" })
            Assert.That(File.ReadAllBytes(_folder.PathOf($"out/{file}")), Is.EqualTo(File.ReadAllBytes(_folder.PathOf($"one/{file}"))), file);
        Assert.That(Directory.Exists(_folder.PathOf(".out.dem-unfinished")), Is.False);
        Assert.That(Dem.Run("verify", _folder.PathOf("out")).Expect(0).Output, Does.Contain("8 tensors"));
    }

    [Test]
    public void The_difference_of_pipelines_is_stored_component_by_component_and_leads_back()
    {
        string[] models = ["--base", _folder.PathOf("one"), "--tuned", _folder.PathOf("two")];
        Dem.Run(["extract", .. models, "--out", _folder.PathOf("vector")]).Expect(0);
        Dem.Run(["extract", .. models, "--lora", "--rank", "1", "--out", _folder.PathOf("adapter"), "--svg", _folder.PathOf("kept.svg")]).Expect(0);
        Assert.That(File.ReadAllText(_folder.PathOf("kept.svg")), Does.Contain("unet").And.Contain("text_encoder_2"));
        _folder.Write("vector.yaml", "merge_method: task_arithmetic\nbase_model: one/unet\nmodels:\n- {vector: vector/unet, parameters: {weight: 1}}\n");
        Dem.Run("merge", _folder.PathOf("vector.yaml"), _folder.PathOf("out/unet")).Expect(0);
        Assert.That(FirstNumber("unet/diffusion_pytorch_model.safetensors"), Is.EqualTo(3));
        Dem.Run("convert", $"{_folder.PathOf("one/text_encoder_2")}+{_folder.PathOf("adapter/text_encoder_2")}", "--out", _folder.PathOf("out/text_encoder_2")).Expect(0);
        Assert.That(FirstNumber("text_encoder_2/model.safetensors"), Is.EqualTo(3).Within(1e-6));
        Assert.That(Dem.Run(["extract", .. models, "--out", _folder.PathOf("vector"), "--resume=auto", "--json"]).Expect(0).Output, Does.Contain("\"results\""));
        Assert.That(Dem.Run(["extract", .. models, "--out", _folder.PathOf("vector")]).Expect(2).Error, Does.Contain($"{ErrorCode.OutputExists}"));
    }

    [Test]
    public void The_difference_that_an_adapter_makes_of_a_pipeline_is_stored_for_its_components()
    {
        TinyPipeline.PutLora(_folder.PathOf("lora.safetensors"), ($"unet.{TinyPipeline.NetWeight[..^7]}", 2));
        JsonDocument made = JsonDocument.Parse(Dem.Run(
            "extract", "--base", _folder.PathOf("one"), "--tuned", $"{_folder.PathOf("one")}+{_folder.PathOf("lora.safetensors")}",
            "--lora", "--rank", "1", "--out", _folder.PathOf("adapter"), "--json").Expect(0).Output);
        int[] changed = [.. made.RootElement.GetProperty("results").EnumerateArray().Select(one => one.GetProperty("matrices").GetArrayLength())];
        Assert.That(changed, Is.EqualTo(new[] { 0, 0, 1, 0 }));
        Dem.Run("convert", $"{_folder.PathOf("one/unet")}+{_folder.PathOf("adapter/unet")}", "--out", _folder.PathOf("out/unet")).Expect(0);
        Assert.That(FirstNumber("unet/diffusion_pytorch_model.safetensors"), Is.EqualTo(3).Within(1e-6));
    }

    [Test]
    public void A_pipeline_has_no_difference_from_a_model()
    {
        string error = Dem.Run("extract", "--base", _folder.PathOf("one"), "--tuned", _folder.PathOf("two/unet"), "--out", _folder.PathOf("vector")).Expect(2).Error;
        Assert.That(error, Does.Contain($"{ErrorCode.PipelineMismatch}"));
    }

    [Test]
    public void Damage_to_any_part_of_a_pipeline_is_found()
    {
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(0);
        string scheduler = _folder.PathOf("out/scheduler/scheduler_config.json");
        string text = File.ReadAllText(scheduler);
        File.WriteAllText(scheduler, "{}");
        Assert.That(Dem.Run("verify", _folder.PathOf("out")).Expect(1).Error, Does.Contain($"{ErrorCode.VerifyFailed}").And.Contain("scheduler/scheduler_config.json"));
        File.WriteAllText(scheduler, text);
        string weights = _folder.PathOf("out/unet/diffusion_pytorch_model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.That(Dem.Run("verify", _folder.PathOf("out")).Expect(1).Error, Does.Contain($"{ErrorCode.VerifyFailed}").And.Contain("unet/"));
        Directory.Delete(_folder.PathOf("out/vae"), recursive: true);
        Assert.That(Dem.Run("verify", _folder.PathOf("out")).Expect(1).Error, Does.Contain($"{ErrorCode.VerifyFailed}").And.Contain("vae/"));
    }

    [Test]
    public void A_dry_run_shows_each_component_and_writes_nothing()
    {
        string text = Dem.Run("merge", _recipe, _folder.PathOf("out"), "--dry-run").Expect(0).Output;
        Assert.That(text, Does.Contain("text_encoder_2").And.Contain("diffusion_pytorch_model.safetensors"));
        JsonElement json = Dem.Run("merge", _recipe, _folder.PathOf("out"), "--dry-run", "--json").Expect(0).Json;
        Assert.That(json.GetProperty("results").EnumerateArray().Select(one => one.GetProperty("component").GetString()), Is.EqualTo(new[] { "text_encoder", "text_encoder_2", "unet", "vae" }));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path, "*out*"), Is.Empty);
    }

    [Test]
    public void The_report_is_one_object_with_a_result_for_each_component()
    {
        JsonElement json = Dem.Run("merge", _recipe, _folder.PathOf("out"), "--json").Expect(0).Json;
        Assert.That(json.GetProperty("results").EnumerateArray().Select(one => Path.GetRelativePath(_folder.PathOf("out"), one.GetProperty("output").GetString()!)), Is.EqualTo(new[] { "text_encoder", "text_encoder_2", "unet", "vae" }));
    }

    [Test]
    public void Shards_have_the_names_that_diffusers_looks_for()
    {
        Dem.Run("merge", _recipe, _folder.PathOf("out"), "--max-shard-size", "64").Expect(0);
        Assert.That(
            Directory.GetFiles(_folder.PathOf("out/unet")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal),
            Is.EqualTo(new[] { "config.json", "dem-manifest.json", "diffusion_pytorch_model-00001-of-00002.safetensors", "diffusion_pytorch_model-00002-of-00002.safetensors", "diffusion_pytorch_model.safetensors.index.json" }));
        Assert.That(File.ReadAllText(_folder.PathOf("out/unet/diffusion_pytorch_model.safetensors.index.json")), Does.Contain("diffusion_pytorch_model-00002-of-00002.safetensors"));
        Assert.That(File.Exists(_folder.PathOf("out/text_encoder/model.safetensors.index.json")));
        Dem.Run("verify", _folder.PathOf("out")).Expect(0);
    }

    [Test]
    public void A_pipeline_that_failed_on_the_way_has_no_name_and_is_resumed()
    {
        TinyPipeline.Put(_folder.PathOf("two"), "unet/diffusion_pytorch_model.safetensors", TinyPipeline.NetWeight, float.NaN);
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(1);
        Assert.That(Directory.Exists(_folder.PathOf("out")), Is.False);
        string done = _folder.PathOf(".out.dem-unfinished/text_encoder/model.safetensors");
        DateTime made = File.GetLastWriteTimeUtc(done);
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.UnfinishedRun);

        Dem.Run("merge", _recipe, _folder.PathOf("out"), "--resume", "--nonfinite", "warn").Expect(0);
        Assert.That(File.GetLastWriteTimeUtc(_folder.PathOf("out/text_encoder/model.safetensors")), Is.EqualTo(made), "what was complete is kept");
        Dem.Run("verify", _folder.PathOf("out")).Expect(0);
    }

    [Test]
    public void A_failed_pipeline_is_restarted_and_one_that_is_complete_is_replaced_or_left()
    {
        string[] request = ["merge", _recipe, _folder.PathOf("out")];
        TinyPipeline.Put(_folder.PathOf("two"), "vae/diffusion_pytorch_model.safetensors", "decoder.conv_in.weight", float.NaN);
        Dem.Run(request).Expect(1);
        TinyPipeline.Put(_folder.PathOf("two"), "vae/diffusion_pytorch_model.safetensors", "decoder.conv_in.weight", 7);
        Dem.Run([.. request, "--restart"]).Expect(0);
        Dem.Run(request).ExpectError(ErrorCode.OutputExists);
        DateTime made = File.GetLastWriteTimeUtc(_folder.PathOf("out/dem-manifest.json"));
        Dem.Run([.. request, "--resume=auto"]).Expect(0);
        Assert.That(File.GetLastWriteTimeUtc(_folder.PathOf("out/dem-manifest.json")), Is.EqualTo(made));
        _folder.Write("recipe.yaml", Average.Replace("0.5}}\n- {model: two", "1.5}}\n- {model: two", StringComparison.Ordinal));
        Dem.Run([.. request, "--overwrite"]).Expect(0);
        Assert.That(FirstNumber("unet/diffusion_pytorch_model.safetensors"), Is.EqualTo(1.5f));
        Dem.Run("verify", _folder.PathOf("out")).Expect(0);
    }

    [Test]
    public void The_only_variant_is_read_and_of_several_none_is_guessed()
    {
        string net = _folder.PathOf("one/unet/diffusion_pytorch_model.safetensors");
        File.Move(net, _folder.PathOf("one/unet/diffusion_pytorch_model.fp16.safetensors"));
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(0);
        Assert.That(FirstNumber("unet/diffusion_pytorch_model.safetensors"), Is.EqualTo(2));
        Assert.That(File.Exists(_folder.PathOf("out/unet/config.json")));
        File.Copy(_folder.PathOf("one/unet/diffusion_pytorch_model.fp16.safetensors"), _folder.PathOf("one/unet/diffusion_pytorch_model.non_ema.safetensors"));
        CommandResult result = Dem.Run("merge", _recipe, _folder.PathOf("again")).Expect(2);
        Assert.That(result.Error, Does.Contain($"{ErrorCode.AmbiguousCheckpoint}").And.Contain("fp16").And.Contain("non_ema"));
    }

    [Test]
    public void An_adapter_changes_the_components_that_it_names_and_no_other()
    {
        TinyPipeline.PutLora(_folder.PathOf("lora.safetensors"), ("lora_te2_text_model_encoder_layers_0_self_attn_q_proj", 10), ("lora_unet_down_blocks_0_attentions_0_to_q", 20));
        _folder.Write("recipe.yaml", "merge_method: passthrough\nmodels:\n- model: one\n  lora: lora.safetensors\n");
        Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(0);
        Assert.That(Weights.Select(FirstNumber), Is.EqualTo(new[] { 1f, 11f, 21f, 7f }));
        _folder.Write("recipe.yaml", "merge_method: passthrough\nmodels:\n- model: one+lora.safetensors\n");
        Dem.Run("merge", _recipe, _folder.PathOf("plus")).Expect(0);
        Dem.Run("diff", _folder.PathOf("out/unet"), _folder.PathOf("plus/unet"), "--exit-code").Expect(0);

        TinyPipeline.PutLora(_folder.PathOf("third.safetensors"), ("lora_te3_text_model_encoder_layers_0_self_attn_q_proj", 10));
        _folder.Write("recipe.yaml", "merge_method: passthrough\nmodels:\n- model: one\n  lora: third.safetensors\n");
        Dem.Run("merge", _recipe, _folder.PathOf("third")).ExpectError(ErrorCode.AdapterDoesNotFit, "text_encoder_3");
        TinyPipeline.PutLora(_folder.PathOf("wrong.safetensors"), ("lora_te1_text_model_encoder_layers_9_self_attn_q_proj", 10));
        _folder.Write("recipe.yaml", "merge_method: passthrough\nmodels:\n- model: one\n  lora: wrong.safetensors\n");
        Dem.Run("merge", _recipe, _folder.PathOf("wrong")).ExpectError(ErrorCode.AdapterDoesNotFit, "layers_9");
    }

    [Test]
    public void A_pipeline_is_converted_to_another_type()
    {
        Dem.Run("convert", _folder.PathOf("two"), "--out", _folder.PathOf("out"), "--dtype", "bf16").Expect(0);
        using Checkpoint net = Checkpoint.Open(_folder.PathOf("out/unet"));
        Assert.That(net.Tensors.Select(tensor => tensor.Spec.Type).Distinct(), Is.EqualTo(new[] { ElementType.BF16 }));
        Dem.Run("verify", _folder.PathOf("out")).Expect(0);
        Dem.Run("convert", _folder.PathOf("two"), "--out", _folder.PathOf("one.safetensors"), "--single-file").Expect(2);
    }

    [Test]
    public void Files_of_PyTorch_become_safetensors_under_the_names_of_their_libraries()
    {
        foreach (var (component, stem) in new[] { ("text_encoder", "pytorch_model"), ("vae", "diffusion_pytorch_model") })
        {
            string folder = _folder.PathOf($"one/{component}");
            foreach (string file in Directory.GetFiles(folder, "*.safetensors"))
                File.Delete(file);
            byte[] pickle = PickleText.StateDict(new TorchView("a", "torch.FloatStorage", "0", 2, 0, [2], [1]));
            File.WriteAllBytes(Path.Combine(folder, $"{stem}.bin"), ZipText.Write(ZipText.Torch(pickle, ("0", [0, 0, 128, 63, 0, 0, 0, 64]))));
        }

        Dem.Run("convert", _folder.PathOf("one"), "--out", _folder.PathOf("out")).Expect(0);
        Assert.That(Weights.Select(FirstNumber), Is.EqualTo(new[] { 1f, 1f, 1f, 1f }));
        Dem.Run("verify", _folder.PathOf("out")).Expect(0);
    }

    [Test]
    public void A_component_that_one_pipeline_lacks_is_an_error_or_stays_the_bases()
    {
        TinyPipeline.Text(_folder.PathOf("two"), "model_index.json", TinyPipeline.Index.Replace("[\"transformers\", \"CLIPTextModel\"]", "[null, null]", StringComparison.Ordinal));
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.MissingTensor, "\"text_encoder\"");
        Dem.Run("merge", _recipe, _folder.PathOf("out"), "--missing", "base").Expect(0);
        Assert.That(Weights.Select(FirstNumber), Is.EqualTo(new[] { 1f, 2f, 2f, 7f }));
        _folder.Write("recipe.yaml", Average.Replace("one", "two ", StringComparison.Ordinal).Replace("model: two,", "model: one,", StringComparison.Ordinal));
        Dem.Run("merge", _recipe, _folder.PathOf("less")).ExpectError(ErrorCode.ExtraTensor, "\"text_encoder\"");
    }

    [Test]
    public void Pipelines_that_do_not_fit_together_are_refused()
    {
        TinyPipeline.Text(_folder.PathOf("two"), "model_index.json", TinyPipeline.Index.Replace("UNet2DConditionModel", "UNet3DConditionModel", StringComparison.Ordinal));
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.PipelineMismatch, "UNet3DConditionModel");
        TinyPipeline.Text(_folder.PathOf("two"), "model_index.json", "{\"unet\": ");
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.BadSideFile, "model_index.json");
        TinyPipeline.Text(_folder.PathOf("two"), "model_index.json", """{"../one": ["diffusers", "AutoencoderKL"]}""");
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.BadSideFile, "../one");
        TinyPipeline.Text(_folder.PathOf("two"), "model_index.json", """{"tokenizer": ["transformers", "CLIPTokenizer"]}""");
        Assert.That(Dem.Run("merge", _recipe, _folder.PathOf("out")).Expect(2).Error, Does.Contain("no component of this pipeline has weights"));
        _folder.Write("recipe.yaml", Average.Replace("model: two", "model: one/unet", StringComparison.Ordinal));
        Dem.Run("merge", _recipe, _folder.PathOf("out")).ExpectError(ErrorCode.PipelineMismatch, "unet");
    }

    private float FirstNumber(string file)
    {
        byte[] bytes = File.ReadAllBytes(_folder.PathOf($"out/{file}"));
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + (int)BitConverter.ToInt64(bytes)))[0];
    }
}
