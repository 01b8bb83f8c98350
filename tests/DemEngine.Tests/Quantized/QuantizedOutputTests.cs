using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Memory;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Quantizing;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Sweeps;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Quantized;

/// <summary>Outputs in FP8 with scales, against a quantiser that is written apart.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class QuantizedOutputTests
{
    private const string Merge = "merge_method: task_arithmetic\nbase_model: base\nmodels: [{model: a}]\nparameters: {weight: 0.7}\n";
    private const string Up = "model.layers.0.mlp.up_proj.weight";
    private const string Ragged = "model.layers.0.self_attn.kv_a_proj.weight";
    private const string Gate = "model.layers.0.mlp.gate.weight";
    private const string Head = "lm_head.weight";

    private static readonly ReferenceFloat E4M3 = ReferenceFloat.Of(ElementType.F8E4M3);

    [TestCase(1)]
    [TestCase(2)]
    public void Blocks_are_quantised_as_the_plain_merge_would_be(int threads)
    {
        using ModelFolder folder = Models();
        folder.Merge(Merge, "plain");
        RunReport report = folder.Merge($"{Merge}out_dtype: fp8_block", "out", new RunOptions { Threads = threads, MaxMemoryBytes = 64 << 20 });
        (byte[] codes, float[] scales) = Quantise(folder.Values("plain", Up), 384, 256, 128, 128);
        Assert.That(folder.Bytes("out", Up), Is.EqualTo(codes));
        Assert.That(folder.Bytes("out", $"{Up}_scale_inv"), Is.EqualTo(MemoryMarshal.AsBytes<float>(scales).ToArray()));
        Assert.That(report.Remarks, Has.Some.Contains("1 matrices of 98304 elements are quantised to fp8_block"));
        foreach (string plain in new[] { Ragged, Gate, Head, "model.norm.weight" })
            Assert.That(folder.Bytes("out", plain), Is.EqualTo(folder.Bytes("plain", plain)), plain);

        JsonObject config = JsonNode.Parse(folder.Files("out")["config.json"])!.AsObject();
        Assert.That(config["quantization_config"]!.ToJsonString(), Is.EqualTo(
            """{"activation_scheme":"dynamic","fmt":"e4m3","modules_to_not_convert":["lm_head","model.layers.0.mlp.gate","model.layers.0.self_attn.kv_a_proj"],"quant_method":"fp8","weight_block_size":[128,128]}"""));
    }

    [Test]
    public void What_is_written_in_blocks_is_read_back_within_a_sixteenth()
    {
        using ModelFolder folder = Models();
        folder.Merge(Merge, "plain");
        folder.Merge($"{Merge}out_dtype: fp8_block", "out");
        using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("out")));
        double[] plain = folder.Values("plain", Up);
        using var scratch = new NativeBuffer(plain.Length * sizeof(float));
        float[] read = MemoryMarshal.Cast<byte, float>(decoded.Find(Up)!.Read(0, plain.Length, scratch.Bytes).Bytes.Span).ToArray();
        for (int i = 0; i < plain.Length; i++)
        {
            // Half a unit in the last of 4 significant bits, or half the spacing of subnormals at the block's scale.
            Assert.That(read[i], Is.EqualTo(plain[i]).Within((Math.Abs(plain[i]) / 16) + (0.05 / 448 / 1024)), $"{i}");
        }
    }

    [Test]
    public void A_quantised_output_is_an_input_again()
    {
        using ModelFolder folder = Models();
        folder.Merge($"{Merge}out_dtype: fp8_block", "once");
        folder.Merge("merge_method: passthrough\nmodels: [{model: once}]", "plain");
        Assert.That(JsonNode.Parse(folder.Files("plain")["config.json"])!.AsObject().ContainsKey("quantization_config"), Is.False);
        Assert.That(Checkpoint.Open(folder.PathOf("plain")).Find(Up)!.Spec.Type, Is.EqualTo(ElementType.BF16));
        folder.Merge("merge_method: passthrough\nout_dtype: fp8_block\nmodels: [{model: once}]", "again");
        Assert.That(folder.Files("again").Keys, Is.SupersetOf(new[] { "model.safetensors", "config.json" }));
    }

    [Test]
    public void One_scale_for_each_tensor_and_a_mark_are_written_for_ComfyUI()
    {
        using ModelFolder folder = new();
        (TensorSpec, byte[]) block = Values.Random("double_blocks.0.img_mlp.0.weight", ElementType.BF16, [130, 70], 1);
        (TensorSpec, byte[]) other = Values.Random("double_blocks.1.img_mlp.0.weight", ElementType.BF16, [130, 70], 2);
        (TensorSpec, byte[]) outer = Values.Random("img_in.weight", ElementType.BF16, [16, 16], 3);
        folder.Model("base", block, other, outer);
        folder.Merge("merge_method: passthrough\nout_dtype: fp8\nmodels: [{model: base}]");
        (byte[] codes, float[] scales) = Quantise(folder.Values("base", "double_blocks.0.img_mlp.0.weight"), 130, 70, 130, 70);
        Assert.That(folder.Bytes("out", "double_blocks.0.img_mlp.0.weight"), Is.EqualTo(codes));
        Assert.That(folder.Values("out", "double_blocks.0.img_mlp.0.scale_weight"), Is.EqualTo(new double[] { scales[0] }));
        Assert.That(folder.Bytes("out", "scaled_fp8"), Is.EqualTo(new byte[2]));
        Assert.That(folder.Bytes("out", "img_in.weight"), Is.EqualTo(outer.Item2));
    }

    [Test]
    public void Each_merge_of_a_sweep_has_the_scales_of_its_own_values()
    {
        using ModelFolder folder = Models();
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse($"{Merge}out_dtype: fp8_block", "r.yaml"), folder.Path);
        using var backend = new CpuBackend();
        Sweep.Run([.. Sweep.Candidates(recipe, [SweepAxis.Parse("weight=0.7,3")])], folder.PathOf("swept"), new AlignmentOptions(), backend, new RunOptions());
        folder.Merge($"{Merge}out_dtype: fp8_block", "one");
        folder.Merge($"{Merge}out_dtype: fp8_block".Replace("0.7", "3", StringComparison.Ordinal), "three");
        string[] swept = [.. Directory.GetDirectories(folder.PathOf("swept")).Order(StringComparer.Ordinal)];
        Assert.That(swept, Has.Length.EqualTo(2));
        Assert.That(File.ReadAllBytes(Path.Combine(swept[0], "model.safetensors")), Is.EqualTo(folder.Files("one")["model.safetensors"]));
        Assert.That(File.ReadAllBytes(Path.Combine(swept[1], "model.safetensors")), Is.EqualTo(folder.Files("three")["model.safetensors"]));
    }

    [Test]
    public void Methods_with_statistics_are_quantised_too()
    {
        using ModelFolder folder = Models();
        const string ties = "merge_method: ties\nbase_model: base\nmodels: [{model: a, parameters: {weight: 1, density: 0.3}}]\n";
        folder.Merge(ties, "plain");
        folder.Merge($"{ties}out_dtype: fp8_block", "out");
        Assert.That(folder.Bytes("out", Up), Is.EqualTo(Quantise(folder.Values("plain", Up), 384, 256, 128, 128).Codes));
    }

    [Test]
    public void Blocks_of_zeros_have_a_scale_of_one_and_stay_zero()
    {
        using ModelFolder folder = new();
        folder.Model("base", TestCheckpoint.Tensor(Up, ElementType.BF16, [128, 256], [.. new byte[128 * 256 * 2]]));
        folder.Merge("merge_method: passthrough\nout_dtype: fp8_block\nmodels: [{model: base}]");
        Assert.That(folder.Values("out", $"{Up}_scale_inv"), Is.EqualTo(new double[] { 1, 1 }));
        Assert.That(folder.Bytes("out", Up), Is.All.Zero);
    }

    [Test]
    public void Merges_in_memory_and_upstream_results_are_not_quantised()
    {
        using ModelFolder folder = Models();
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse($"{Merge}out_dtype: fp8_block", "r.yaml"), folder.Path);
        using var backend = new CpuBackend();
        using MemoryMerge merge = MemoryMerge.Open(recipe, new AlignmentOptions(), backend, new RunOptions());
        Failing.With(ErrorCode.UnsupportedFeature, () => merge.Merge(recipe));
        string chained = $"name: first\n{Merge}out_dtype: fp8_block\n---\nmerge_method: linear\nmodels: [{{model: first, parameters: {{weight: 1}}}}]";
        Failing.With(ErrorCode.UnsupportedFeature, () => folder.Merge(chained, "chained"));
    }

    [Test]
    public void Where_no_matrix_is_quantised_the_configuration_says_nothing_of_it()
    {
        using ModelFolder folder = new();
        folder.Model("base", Values.Random(Ragged, ElementType.BF16, [64, 256], 2)).File("base", "config.json", """{"model_type": "llama"}""");
        folder.Merge("merge_method: passthrough\nout_dtype: fp8_block\nmodels: [{model: base}]");
        Assert.That(JsonNode.Parse(folder.Files("out")["config.json"])!["quantization_config"], Is.Null);
        folder.Merge("merge_method: passthrough\nmodels: [{model: out}]", "again");
    }

    [Test]
    public void Recipes_know_the_forms_that_are_written()
    {
        foreach (string name in OutputForms.All)
            Assert.That((OutputForms.IsGguf(name) ? GgufForm.Of(name).Name : QuantizedOutputs.Find(name)?.Name), Is.EqualTo(name));
        Assert.That(QuantizedOutputs.Find("bfloat16"), Is.Null);
    }

    private static ModelFolder Models()
    {
        (TensorSpec, byte[])[] tensors =
        [
            Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 2, 3, 4),
            Values.Random(Up, ElementType.BF16, [384, 256], 1),
            Values.Random(Ragged, ElementType.BF16, [64, 256], 2),
            Values.Random(Gate, ElementType.BF16, [128, 256], 3),
            Values.Random(Head, ElementType.BF16, [128, 256], 4),
        ];
        return new ModelFolder().Model("base", tensors)
            .Model("a", [.. tensors.Select(tensor => Values.Moved(tensor, 9, ElementType.BF16))])
            .File("base", "config.json", """{"model_type": "llama", "dtype": "bfloat16"}""");
    }

    private static (byte[] Codes, float[] Scales) Quantise(double[] values, int rows, int columns, int blockRows, int blockColumns)
    {
        int across = (columns + blockColumns - 1) / blockColumns;
        var scales = new float[(rows + blockRows - 1) / blockRows * across];
        for (int i = 0; i < values.Length; i++)
        {
            ref float scale = ref scales[(i / columns / blockRows * across) + (i % columns / blockColumns)];
            scale = Math.Max(scale, (float)Math.Abs(values[i]));
        }

        for (int k = 0; k < scales.Length; k++)
            scales[k] = scales[k] / 448f;
        byte[] codes = new byte[values.Length];
        for (int i = 0; i < values.Length; i++)
            codes[i] = (byte)E4M3.Round((float)values[i] / scales[(i / columns / blockRows * across) + (i % columns / blockColumns)]);
        return (codes, scales);
    }
}
