using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Tests.PyTorch;

namespace DemEngine.Cli.Tests;

/// <summary>What <c>dem convert</c> writes and refuses.</summary>
public sealed class ConvertCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", sources: 1);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void A_model_is_written_in_another_type_and_back_with_the_same_values()
    {
        Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("f32"), "--dtype", "f32").Expect(0);
        Dem.Run("convert", _family.PathOf("f32"), _family.PathOf("bf16"), "--dtype", "bf16").Expect(0);
        Dem.Run("diff", _family.PathOf("base"), _family.PathOf("bf16"), "--exit-code").Expect(0);
        Dem.Run("verify", _family.PathOf("bf16")).Expect(0);
    }

    [Test]
    public void A_quantised_model_is_inspected_by_its_real_values()
    {
        Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("fp8"), "--dtype", "fp8").Expect(0);
        string json = Dem.Run("inspect", _family.PathOf("fp8"), "--json").Expect(0).Output;
        JsonElement summary = JsonDocument.Parse(json).RootElement;
        Assert.That(summary.GetProperty("kind").GetString(), Is.EqualTo("quantised model"));
        Assert.That(summary.GetProperty("quantized")[0].GetProperty("form").GetString(), Does.StartWith("F8_E4M3"));
        Assert.That(Dem.Run("inspect", _family.PathOf("fp8"), "--stats").Expect(0).Output, Does.Contain("quantised "));
        Dem.Run("distance", "--base", _family.PathOf("base"), _family.PathOf("fp8")).Expect(0);
    }

    [Test]
    public void A_file_of_PyTorch_becomes_safetensors_with_the_same_bytes_and_a_note_of_what_is_left_out()
    {
        string folder = _family.PathOf("torch");
        string safetensors = WriteTorch(folder);
        CommandResult result = Dem.Run("convert", folder, "--out", _family.PathOf("converted")).Expect(0);
        Assert.That(result.Output, Does.Contain("left out: \"epoch\""));
        Dem.Run("diff", safetensors, _family.PathOf("converted"), "--exit-code").Expect(0);
        Dem.Run("verify", _family.PathOf("converted")).Expect(0);
        Assert.That(File.ReadAllText(Path.Combine(_family.PathOf("converted"), "config.json")), Does.Contain("from torch"));

        Assert.That(Dem.Run("inspect", folder).Expect(0).Output, Does.Contain("note: ").And.Contain("\"epoch\""));
        JsonElement summary = JsonDocument.Parse(Dem.Run("inspect", folder, "--json").Expect(0).Output).RootElement;
        Assert.That(summary.GetProperty("notes")[0].GetString(), Does.Contain("\"state_dict\""));
        Assert.That(summary.GetProperty("kind").GetString(), Is.EqualTo("model"));
    }

    [Test]
    public void A_single_file_has_the_values_and_the_header_text_of_the_model()
    {
        string input = Path.Combine(_family.PathOf("texts"), "model.safetensors");
        TestCheckpoint.Write(_family.PathOf("texts"), [TestCheckpoint.Tensor("a", ElementType.I8, [3, 5])], metadata: new Dictionary<string, string> { ["modelspec.title"] = "T", ["format"] = "pt" });
        string file = _family.PathOf("one.safetensors");
        Dem.Run("convert", input, "--out", file, "--single-file").Expect(0);
        Dem.Run("diff", input, file, "--exit-code").Expect(0);
        using Checkpoint written = Checkpoint.Open(file);
        Assert.That(written.Metadata["modelspec.title"], Is.EqualTo("T"));
        Assert.That(written.Metadata["format"], Is.EqualTo("pt"));
        Assert.That(Directory.GetFiles(_family.PathOf("."), "*.partial"), Is.Empty);
    }

    [Test]
    public void A_single_file_of_shards_and_of_a_file_of_PyTorch_has_the_same_values()
    {
        string file = _family.PathOf("shards.safetensors");
        CommandResult result = Dem.Run("convert", _family.PathOf("base"), "--out", file, "--single-file").Expect(0);
        Assert.That(result.Output, Does.Contain("config.json"), "a note says what is not written");
        Dem.Run("diff", _family.PathOf("base"), file, "--exit-code").Expect(0);

        string safetensors = WriteTorch(_family.PathOf("torch2"));
        Dem.Run("convert", Path.Combine(_family.PathOf("torch2"), "pytorch_model.bin"), _family.PathOf("torch.safetensors"), "--single-file").Expect(0);
        Dem.Run("diff", safetensors, _family.PathOf("torch.safetensors"), "--exit-code").Expect(0);
    }

    [Test]
    public void A_single_file_replaces_only_what_this_tool_wrote()
    {
        string file = _family.PathOf("again.safetensors");
        string[] request = ["convert", _family.PathOf("base"), "--out", file, "--single-file"];
        Dem.Run(request).Expect(0);
        Dem.Run(request).ExpectError(ErrorCode.OutputExists, file);
        Dem.Run([.. request, "--overwrite"]).Expect(0);
        Dem.Run("convert", file, "--out", file, "--single-file", "--overwrite").ExpectError(ErrorCode.OutputOverlapsInput, file);
        File.Copy(Directory.GetFiles(_family.PathOf("base"), "*.safetensors")[0], file, overwrite: true);
        Dem.Run([.. request, "--overwrite"]).ExpectError(ErrorCode.OutputNotOurs, file);
    }

    [TestCase("--resume")]
    [TestCase("--restart")]
    [TestCase("--max-shard-size", "1GB")]
    public void What_is_for_folders_is_refused_with_a_single_file(params string[] option) =>
        Assert.That(
            Dem.Run(["convert", _family.PathOf("base"), "--out", _family.PathOf("x.safetensors"), "--single-file", .. option]).Expect(2).Error,
            Does.Contain(option[0]));

    [TestCase("x", "fp16", "ends in .safetensors")]
    [TestCase("x.safetensors", "fp8_block", "needs a folder")]
    public void A_single_file_that_could_not_be_loaded_is_refused(string name, string type, string said)
    {
        string folder = _family.PathOf("blocks");
        TestCheckpoint.Write(folder, [TestCheckpoint.Tensor("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [128, 128], new byte[32768])]);
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        Dem.Run("convert", folder, "--out", _family.PathOf(name), "--single-file", "--dtype", type).ExpectError(ErrorCode.BadArgument, said);
    }

    [Test]
    public void A_single_file_with_a_NaN_is_refused_and_written_where_that_is_asked_for()
    {
        string folder = _family.PathOf("broken");
        TestCheckpoint.Write(folder, [TestCheckpoint.Tensor("a", ElementType.F16, [2], [0, 0x7e, 0, 0])]);
        string[] request = ["convert", folder, "--out", _family.PathOf("broken.safetensors"), "--single-file"];
        CommandResult refused = Dem.Run(request).Expect(1);
        Assert.That(refused.Error, Does.Contain("--nonfinite warn").And.Not.Contain("--resume"));
        Assert.That(File.Exists(_family.PathOf("broken.safetensors")), Is.False);
        Dem.Run([.. request, "--nonfinite", "warn"]).Expect(0);
    }

    [Test]
    public void A_merge_into_a_single_file_has_the_bytes_of_the_folder_and_the_header_text_of_the_base()
    {
        TestCheckpoint.Write(_family.PathOf("base1"), [TestCheckpoint.Tensor("a", ElementType.F32, [2], [0, 0, 128, 63, 0, 0, 0, 64])], metadata: new Dictionary<string, string> { ["modelspec.title"] = "base" });
        TestCheckpoint.Write(_family.PathOf("source1"), [TestCheckpoint.Tensor("a", ElementType.F32, [2], [0, 0, 64, 64, 0, 0, 128, 63])], metadata: new Dictionary<string, string> { ["modelspec.title"] = "source" });
        string recipe = _family.PathOf("single.yaml");
        File.WriteAllText(recipe, "merge_method: task_arithmetic\nbase_model: base1\nmodels:\n- model: source1\n  parameters: {weight: 0.5}\n");
        Dem.Run("merge", recipe, _family.PathOf("folder1")).Expect(0);
        Assert.That(Dem.Run("merge", recipe, _family.PathOf("file1.safetensors"), "--single-file", "--dry-run").Expect(0).Output, Does.Contain("model.safetensors"));
        Dem.Run("merge", recipe, _family.PathOf("file1.safetensors"), "--single-file").Expect(0);
        Dem.Run("diff", _family.PathOf("folder1"), _family.PathOf("file1.safetensors"), "--exit-code").Expect(0);
        using Checkpoint written = Checkpoint.Open(_family.PathOf("file1.safetensors"));
        Assert.That(written.Metadata["modelspec.title"], Is.EqualTo("base"));

        File.WriteAllText(recipe, "name: x\nmerge_method: linear\nmodels:\n- model: base1\n---\nname: y\nmerge_method: linear\nmodels:\n- model: base1\n");
        Assert.That(Dem.Run("merge", recipe, _family.PathOf("file2.safetensors"), "--single-file").Expect(2).Error, Does.Contain("2 recipes").And.Contain("without --single-file"));
    }

    [Test]
    public void Experts_are_stored_together_and_one_by_one_again()
    {
        string recipe = _family.Write("moe.yaml", "base_model: base\ngate_mode: random\nexperts: [{source_model: base}, {source_model: tuned 1}]\n");
        Dem.Run("moe", recipe, _family.PathOf("moe")).Expect(0);
        Dem.Run("convert", _family.PathOf("moe"), _family.PathOf("together"), "--experts", "fused").Expect(0);
        Assert.That(Dem.Run("inspect", _family.PathOf("together")).Expect(0).Output, Does.Contain("gate_up_proj"));
        Dem.Run("convert", _family.PathOf("together"), _family.PathOf("one-by-one"), "--experts", "separate").Expect(0);
        Dem.Run("diff", _family.PathOf("moe"), _family.PathOf("one-by-one"), "--exit-code").Expect(0);
        Dem.Run("verify", _family.PathOf("one-by-one")).Expect(0);

        Dem.Run("convert", _family.PathOf("base"), _family.PathOf("none"), "--experts", "fused").ExpectError(ErrorCode.ExpertStorage, "there are none");
    }

    [Test]
    public void A_type_that_is_not_known_is_named()
    {
        CommandResult result = Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("x"), "--dtype", "fp7").Expect(2);
        Assert.That(result.Error, Does.Contain("fp7").And.Contain("fp8_block"));
    }

    // The same tensors as a file of PyTorch in a model's folder, and as safetensors in another, whose path is returned.
    private static string WriteTorch(string folder)
    {
        byte[] storage = SafetensorsText.Pattern(24, 4);
        var whole = new TorchView("a", "torch.HalfStorage", "0", 12, 0, [3, 4], [4, 1]);
        byte[] pickle = PickleText.Of(p => p.Op('}').Text("epoch").Int(1).Op('s').Text("state_dict").Views(whole, whole with { Name = "b", First = 4, Sizes = [4], Strides = [1] }).Op('s'));
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), ZipText.Write(ZipText.Torch(pickle, ("0", storage))));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"architectures": ["from torch"]}""");
        TestCheckpoint.Write(
            $"{folder}-safetensors",
            [TestCheckpoint.Tensor("a", ElementType.F16, [3, 4], storage), TestCheckpoint.Tensor("b", ElementType.F16, [4], storage[8..16])]);
        return $"{folder}-safetensors";
    }
}
