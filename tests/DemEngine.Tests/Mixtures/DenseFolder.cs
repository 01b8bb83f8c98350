using System.Text.Json.Nodes;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Mixtures;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes.Mixtures;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Mixtures;

/// <summary>A temporary folder of small dense models, and mixtures of them.</summary>
internal sealed class DenseFolder : IDisposable
{
    public const int Hidden = 12;
    public const int Inside = 20;
    public const int Layers = 2;
    public const int Tokens = 30;

    public ModelFolder Models { get; } = new();

    /// <summary>Writes a model of an architecture, with values by its seed.</summary>
    public DenseFolder Model(
        string name,
        string type,
        int seed,
        Action<JsonObject>? config = null,
        Action<List<(TensorSpec Spec, byte[] Bytes)>>? tensors = null,
        ElementType element = ElementType.BF16)
    {
        var list = new List<(TensorSpec Spec, byte[] Bytes)>();
        void Add(string tensor, params long[] shape) => list.Add(Values.Random(tensor, element, shape, seed, scale: 0.5));
        Add("model.embed_tokens.weight", Tokens, Hidden);
        Add("model.norm.weight", Hidden);
        Add("lm_head.weight", Tokens, Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            string of = $"model.layers.{layer}.";
            Add(of + "input_layernorm.weight", Hidden);
            Add(of + "post_attention_layernorm.weight", Hidden);
            Add(of + "self_attn.q_proj.weight", 8, Hidden);
            Add(of + "self_attn.k_proj.weight", 4, Hidden);
            Add(of + "self_attn.v_proj.weight", 4, Hidden);
            Add(of + "self_attn.o_proj.weight", Hidden, 8);
            Add(of + "mlp.gate_proj.weight", Inside, Hidden);
            Add(of + "mlp.up_proj.weight", Inside, Hidden);
            Add(of + "mlp.down_proj.weight", Hidden, Inside);
            if (type == "qwen2")
            {
                Add(of + "self_attn.q_proj.bias", 8);
                Add(of + "self_attn.k_proj.bias", 4);
                Add(of + "self_attn.v_proj.bias", 4);
            }

            if (type == "qwen3")
            {
                Add(of + "self_attn.q_norm.weight", 4);
                Add(of + "self_attn.k_norm.weight", 4);
            }
        }

        tensors?.Invoke(list);
        Models.Model(name, [.. list]);
        var json = new JsonObject { ["model_type"] = type, ["num_attention_heads"] = 2, ["head_dim"] = 4, ["torch_dtype"] = "bfloat16" };
        config?.Invoke(json);
        Models.File(name, "config.json", json.ToJsonString());
        return this;
    }

    /// <summary>Plans a mixture.</summary>
    public MixturePlan Plan(string recipe, IPromptVectors? prompts = null, RunOptions? options = null) =>
        MixturePlanner.Plan(MixtureReader.Resolve(MixtureReader.Parse(recipe, "r.yaml"), Models.Path), options ?? new RunOptions(), prompts);

    /// <summary>Builds a mixture.</summary>
    public RunReport Build(string recipe, string output = "out", IPromptVectors? prompts = null, RunOptions? options = null)
    {
        using MixturePlan plan = Plan(recipe, prompts, options);
        return OutputRun.Execute(plan.Plan, Models.PathOf(output), new CpuBackend(), options ?? new RunOptions());
    }

    /// <summary>The error of planning a mixture.</summary>
    public DemException Refused(string recipe, IPromptVectors? prompts = null) =>
        Assert.Throws<DemException>(() => Plan(recipe, prompts).Dispose())!;

    /// <summary>Names of a model's tensors.</summary>
    public string[] Names(string model)
    {
        using var checkpoint = Checkpoint.Open(Models.PathOf(model));
        return [.. checkpoint.Tensors.Select(tensor => tensor.Spec.Name).Order(StringComparer.Ordinal)];
    }

    /// <summary>The configuration of a model.</summary>
    public JsonObject Config(string model) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Models.PathOf(model), "config.json")))!.AsObject();

    public void Dispose() => Models.Dispose();
}
