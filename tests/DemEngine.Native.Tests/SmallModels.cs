using System.Runtime.InteropServices;
using DemEngine.Backends.Cpu;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests;

namespace DemEngine.Native.Tests;

/// <summary>A base, two models tuned from it, a recipe, and what the engine itself makes of it.</summary>
internal static class SmallModels
{
    /// <summary>A tensor that all models have.</summary>
    public const string Tensor = "model.layers.1.mlp.up_proj.weight";

    /// <summary>Writes them into a folder: <c>base</c>, <c>one</c>, <c>two</c>, <c>recipe.yaml</c> and <c>expected</c>.</summary>
    public static void Write(string folder)
    {
        foreach (var (name, seed) in new[] { ("base", 1), ("one", 2), ("two", 3) })
        {
            TestCheckpoint.Write(Path.Combine(folder, name), [.. Tensors(seed)]);
            File.WriteAllText(Path.Combine(folder, name, "config.json"), """{"model_type": "llama", "num_hidden_layers": 2}""");
        }

        File.WriteAllText(Path.Combine(folder, "recipe.yaml"), """
            merge_method: ties
            base_model: base
            models:
              - {model: one, parameters: {weight: 0.5, density: 0.6}}
              - {model: two, parameters: {weight: 0.3, density: 0.4}}
            """);
        var options = new RunOptions { Threads = 2 };
        using MergePlan merge = MergePlanner.Plan(RecipeReader.ReadFile(Path.Combine(folder, "recipe.yaml")), new AlignmentOptions(), options);
        using var backend = new CpuBackend();
        OutputRun.Execute(merge.Plan, Path.Combine(folder, "expected"), backend, options);
    }

    private static IEnumerable<(Checkpoints.TensorSpec Spec, byte[] Bytes)> Tensors(int seed)
    {
        var random = new Random(seed);
        yield return Random("model.embed_tokens.weight", ElementType.BF16, 100, 32);
        for (int layer = 0; layer < 2; layer++)
        {
            yield return Random($"model.layers.{layer}.mlp.up_proj.weight", ElementType.BF16, 64, 32);
            yield return Random($"model.layers.{layer}.mlp.down_proj.weight", ElementType.F32, 32, 64);
        }

        yield return Random("model.norm.weight", ElementType.F16, 32);

        (Checkpoints.TensorSpec, byte[]) Random(string name, ElementType type, params long[] shape)
        {
            int count = (int)shape.Aggregate(1L, (product, size) => product * size);
            float[] values = [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
            byte[] bytes = type switch
            {
                ElementType.F32 => MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
                ElementType.F16 => MemoryMarshal.AsBytes(values.Select(value => (Half)value).ToArray().AsSpan()).ToArray(),
                _ => MemoryMarshal.AsBytes(values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray().AsSpan()).ToArray(),
            };
            return TestCheckpoint.Tensor(name, type, shape, bytes);
        }
    }
}
