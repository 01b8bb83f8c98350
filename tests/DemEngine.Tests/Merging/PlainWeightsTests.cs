using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Sweeps;

namespace DemEngine.Tests.Merging;

/// <summary>What is not plain weights is refused before a byte is written.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PlainWeightsTests
{
    private const string Linear = "merge_method: linear\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 0.5}";
    private const string Layer = "model.layers.0.mlp.up_proj";

    private static readonly (TensorSpec Spec, byte[] Bytes) Norm = Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 1, 1, 1);

    private static readonly (string Form, (string Name, ElementType Type, long[] Shape)[] Tensors)[] Quantised =
    [
        ("int8 with zero points", [($"{Layer}.weight", ElementType.I8, [8, 4]), ($"{Layer}.weight_scale", ElementType.F32, [8, 1]), ($"{Layer}.weight_zero_point", ElementType.I8, [8, 1])]),
        ("bitsandbytes without its state", [($"{Layer}.weight", ElementType.U8, [16, 1]), ($"{Layer}.weight.absmax", ElementType.F32, [1]), ($"{Layer}.weight.quant_map", ElementType.F32, [16])]),
        ("MLX", [($"{Layer}.weight", ElementType.U32, [8, 2]), ($"{Layer}.scales", ElementType.F16, [8, 1]), ($"{Layer}.biases", ElementType.F16, [8, 1])]),
        ("HQQ", [($"{Layer}.W_q", ElementType.U8, [8, 2]), ($"{Layer}.scale", ElementType.F16, [8, 1]), ($"{Layer}.zero", ElementType.F16, [8, 1])]),
        ("codes without a scale", [($"{Layer}.weight", ElementType.I8, [8, 4])]),
    ];

    [TestCaseSource(nameof(Quantised))]
    public void Quantised_weights_that_are_not_decoded_are_known_by_their_tensors((string Form, (string Name, ElementType Type, long[] Shape)[] Tensors) form)
    {
        (TensorSpec, byte[])[] tensors = [Norm, .. form.Tensors.Select(one => TestCheckpoint.Tensor(one.Name, one.Type, one.Shape))];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        Failing.With(ErrorCode.Quantized, () => folder.Merge(Linear));
        Failing.With(ErrorCode.Quantized, () => folder.Merge(Linear, alignment: new AlignmentOptions { Missing = MissingTensors.Base, Extra = ExtraTensors.Ignore }));
        Failing.With(ErrorCode.Quantized, () => folder.Extract("a", "vector"));
        Assert.That(folder.Names, Is.EqualTo(new[] { "a", "base" }), "nothing is written");
    }

    [Test]
    public void Distances_merges_in_memory_and_sweeps_refuse_quantised_weights_too()
    {
        (TensorSpec, byte[])[] tensors = [Norm, .. Quantised[0].Tensors.Select(one => TestCheckpoint.Tensor(one.Name, one.Type, one.Shape))];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        using var backend = new CpuBackend();
        Failing.With(ErrorCode.Quantized, () => DistanceMeasurement.Run(folder.PathOf("base"), [folder.PathOf("a")], new AlignmentOptions(), new RunOptions(), backend));
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(Linear, "r.yaml"), folder.Path);
        Failing.With(ErrorCode.Quantized, () => MemoryMerge.Open(recipe, new AlignmentOptions(), backend, new RunOptions()).Dispose());
        SweepCandidate[] candidates = [.. Sweep.Candidates(recipe, [SweepAxis.Parse("weight=0.25,0.5")])];
        Failing.With(ErrorCode.Quantized, () => Sweep.Run(candidates, folder.PathOf("swept"), new AlignmentOptions(), backend, new RunOptions()));
        Assert.That(Directory.Exists(folder.PathOf("swept")), Is.False);
    }

    [TestCase("config.json", """{"quantization_config": {"quant_method": "fp8"}}""", "fp8")]
    [TestCase("config.json", """{"text_config": {"quantization_config": {"quant_method": "gptq", "bits": 4}}}""", "gptq")]
    [TestCase("config.json", """{"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false}}""", "4 bits")]
    [TestCase("config.json", """{"quantization": {"group_size": 64, "bits": 4}}""", "4 bits")]
    [TestCase("hf_quant_config.json", """{"quantization": {"quant_algo": "NVFP4"}}""", "NVFP4")]
    [TestCase("quantize_config.json", """{"bits": 4}""", "quantize_config.json")]
    public void Quantised_weights_are_known_by_what_lies_beside_them(string file, string contents, string said)
    {
        using ModelFolder folder = new ModelFolder().Model("base", Norm).Model("a", Norm).File("a", file, contents);
        DemException error = Failing.With(ErrorCode.Quantized, () => folder.Merge(Linear));
        Assert.That(error.Message, Does.Contain(said).And.Contain("no tensor shows it"));
        Assert.That(error.Remedy, Does.Contain("remove"));
    }

    [TestCase("""{"quantization_config": null}""")]
    [TestCase("""{"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": false, "load_in_8bit": false}}""")]
    public void A_configuration_that_quantises_nothing_is_none(string config)
    {
        using ModelFolder folder = new ModelFolder().Model("base", Norm).Model("a", Norm).File("a", "config.json", config);
        Assert.That(() => folder.Merge(Linear), Throws.Nothing);
    }

    [Test]
    public void Integers_and_float8_that_are_no_codes_are_merged()
    {
        (TensorSpec, byte[])[] tensors =
        [
            Norm,
            TestCheckpoint.Tensor("embeddings.position_ids", ElementType.I64, [1, 8]),
            TestCheckpoint.Tensor("bn.num_batches_tracked", ElementType.I64, []),
            TestCheckpoint.Tensor("attn.relative_position_index", ElementType.I64, [4, 4]),
            Values.Tensor($"{Layer}.weight", ElementType.F8E4M3, [2, 2], 1, 2, 3, 4),
            Values.Tensor($"{Layer}.logit_scale_of_another_kind", ElementType.F32, [2], 1, 2),
        ];
        tensors = tensors[..^1];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        folder.Merge(Linear);
        Assert.That(folder.Values("out", $"{Layer}.weight"), Is.EqualTo(new double[] { 1, 2, 3, 4 }));
    }

    [TestCase("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight")]
    [TestCase("lora_unet_down_blocks_0_attn.lora_down.weight", "lora_unet_down_blocks_0_attn.lora_up.weight")]
    [TestCase("diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight", "diffusion_model.double_blocks.0.img_attn.qkv.lora_B.weight")]
    [TestCase("lycoris_blocks_0_attn.hada_w1_a", "lycoris_blocks_0_attn.hada_w1_b")]
    [TestCase("lycoris_blocks_0_attn.lokr_w1", "lycoris_blocks_0_attn.lokr_w2")]
    [TestCase("base_model.model.layers.0.attn.ia3_l", "base_model.model.layers.1.attn.ia3_l")]
    public void Adapters_are_refused(string first, string second)
    {
        (TensorSpec, byte[])[] tensors = [Values.Random(first, ElementType.F32, [2, 4], 1), Values.Random(second, ElementType.F32, [4, 2], 2)];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        Assert.That(Failing.With(ErrorCode.Adapter, () => folder.Merge(Linear)).Message, Does.Contain("factors of an adapter"));
    }

    [Test]
    public void A_model_with_an_adapter_that_is_not_merged_into_it_is_refused()
    {
        (TensorSpec, byte[])[] tensors =
        [
            Values.Random("base_model.model.layers.0.q_proj.base_layer.weight", ElementType.F32, [4, 4], 1),
            Values.Random("base_model.model.layers.0.k_proj.weight", ElementType.F32, [4, 4], 1),
            Values.Random("base_model.model.layers.0.v_proj.weight", ElementType.F32, [4, 4], 1),
            Values.Random("base_model.model.layers.0.q_proj.lora_A.default.weight", ElementType.F32, [2, 4], 1),
        ];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        Failing.With(ErrorCode.Adapter, () => folder.Merge(Linear));
    }

    [Test]
    public void Low_rank_factors_of_an_architecture_itself_are_weights()
    {
        (TensorSpec, byte[])[] tensors =
        [
            .. Enumerable.Range(0, 6).Select(k => Values.Random($"model.layers.{k}.mlp.weight", ElementType.F32, [4, 4], k)),
            Values.Random("model.layers.0.attn.w_lora.lora_A.weight", ElementType.F32, [2, 4], 1),
        ];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        Assert.That(() => folder.Merge(Linear), Throws.Nothing);
    }

    [TestCase("state.0.exp_avg")]
    [TestCase("optimizer.state.0.step_size")]
    [TestCase("model.layers.0.mlp.up_proj.weight.exp_avg_sq")]
    public void Optimizer_states_are_refused(string name)
    {
        (TensorSpec, byte[])[] tensors = [Norm, Values.Random(name, ElementType.F32, [4], 1)];
        using ModelFolder folder = new ModelFolder().Model("base", tensors).Model("a", tensors);
        Assert.That(Failing.With(ErrorCode.OptimizerState, () => folder.Merge(Linear)).Message, Does.Contain(name));
    }
}
