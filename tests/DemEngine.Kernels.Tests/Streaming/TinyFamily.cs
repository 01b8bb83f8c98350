using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Sweeps;
using DemEngine.Tests;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>A tiny base with three models as if tuned from it, and merges of them.</summary>
internal sealed class TinyFamily : IDisposable
{
    private readonly TempFolder _folder = new();

    public TinyFamily()
    {
        using var cpu = new CpuBackend();
        OutputRun.Execute(SynthPlanner.PlanBase(LlamaShape.Of("tiny"), ElementType.BF16, 7, Options.MaxShardBytes), PathOf("base"), cpu, Options);
        using Checkpoint origin = Checkpoint.Open(PathOf("base"));
        TensorCount = origin.Tensors.Length;
        TensorBytes = origin.Tensors.Sum(tensor => tensor.Spec.ByteLength);
        for (int k = 1; k <= 3; k++)
        {
            OutputPlan tuned = SynthPlanner.PlanTuned(origin, k == 3 ? ElementType.F32 : null, k, SynthPlanner.DefaultScale, Options.MaxShardBytes);
            OutputRun.Execute(tuned, PathOf($"tuned{k}"), cpu, Options);
        }
    }

    public static RunOptions Options { get; } = new() { Threads = 3 };

    /// <summary>Tensors in each model.</summary>
    public int TensorCount { get; }

    /// <summary>Bytes in the tensors of the base, and in those of each tuned model but the third.</summary>
    public long TensorBytes { get; }

    public string PathOf(string name) => _folder.PathOf(name);

    /// <summary>base + Σ ωᵢ·(tunedᵢ − base).</summary>
    public void Merge(string output, IMergeBackend backend, RunOptions options)
    {
        string recipe = _folder.Write($"{output}.yaml", $"""
            merge_method: dem
            base_model: {PathOf("base")}
            models:
              - model: {PathOf("tuned1")}
                parameters: {"{ weight: 0.55 }"}
              - model: {PathOf("tuned2")}
                parameters: {"{ weight: 0.3 }"}
              - model: {PathOf("tuned3")}
                parameters: {"{ weight: 0.25 }"}
            dtype: bfloat16
            """);
        Merge(recipe, output, backend, options);
    }

    /// <summary>Needs the Gram matrix of each tensor.</summary>
    public void Slerp(string output, IMergeBackend backend, RunOptions options)
    {
        string recipe = _folder.Write($"{output}.yaml", $"""
            merge_method: slerp
            base_model: {PathOf("tuned1")}
            models:
              - model: {PathOf("tuned1")}
              - model: {PathOf("tuned2")}
            parameters: {"{ t: 0.3 }"}
            dtype: float16
            """);
        Merge(recipe, output, backend, options);
    }

    /// <summary>By any method that takes differences from the base.</summary>
    public void MergeDifferences(string method, string parameters, int sources, string output, IMergeBackend backend)
    {
        string recipe = _folder.Write($"{output}.yaml", $"""
            merge_method: {method}
            base_model: {PathOf("base")}
            models: [{string.Join(", ", Enumerable.Range(1, sources).Select(k => $"{{model: {PathOf($"tuned{k}")}}}"))}]
            parameters: {"{"}{parameters}{"}"}
            dtype: bfloat16
            """);
        Merge(recipe, output, backend, Options);
    }

    /// <summary>Merges two models with weights of 0.1, 0.2 … 1.6 in one sweep.</summary>
    public void Sweep(string method, string output, IMergeBackend backend)
    {
        string recipe = _folder.Write($"{output}.yaml", $"""
            merge_method: {method}
            base_model: {PathOf("base")}
            models: [{"{"}model: {PathOf("tuned1")}{"}"}, {"{"}model: {PathOf("tuned2")}{"}"}]
            parameters: {"{ weight: 0.5, density: 0.4 }"}
            dtype: bfloat16
            """.Replace(method == "dem" ? ", density: 0.4" : "?", "", StringComparison.Ordinal));
        SweepAxis axis = SweepAxis.Parse("models[0].weight=0.1:1.6:0.1");
        DemEngine.Sweeps.Sweep.Run(
            DemEngine.Sweeps.Sweep.Candidates(RecipeReader.ReadFile(recipe), [axis]), PathOf(output), new AlignmentOptions(), backend, Options);
    }

    /// <summary>Fails unless two outputs have the same weights, byte for byte.</summary>
    public void AssertSame(string expected, string actual)
    {
        string[] names = [.. Directory.GetFiles(PathOf(expected), "*.safetensors").Select(Path.GetFileName).Order()!];
        Assert.That(names, Is.Not.Empty);
        Assert.That(Directory.GetFiles(PathOf(actual), "*.safetensors").Select(Path.GetFileName).Order(), Is.EqualTo(names));
        foreach (string name in names)
        {
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(Path.Combine(PathOf(actual), name));
            Assert.That(bytes.SequenceEqual(File.ReadAllBytes(Path.Combine(PathOf(expected), name))), Is.True, name);
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Merge(string recipe, string output, IMergeBackend backend, RunOptions options)
    {
        using MergePlan merge = MergePlanner.Plan(RecipeReader.ReadFile(recipe), new AlignmentOptions(), options);
        OutputRun.Execute(merge.Plan, PathOf(output), backend, options);
    }
}
