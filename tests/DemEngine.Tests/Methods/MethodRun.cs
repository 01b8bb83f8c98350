using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Methods;

/// <summary>Models of one tensor each, in files, merged by a recipe.</summary>
internal sealed class MethodRun : IDisposable
{
    public const string Tensor = "model.layers.0.w";

    private readonly ModelFolder _folder = new();
    private readonly long[] _shape;

    /// <param name="shape">Of the tensor.</param>
    /// <param name="type">Of its elements, in all models and in the output.</param>
    /// <param name="models">Values of the models <c>m0</c>, <c>m1</c> and so on.</param>
    public MethodRun(long[] shape, ElementType type, params double[][] models)
    {
        _shape = shape;
        for (int k = 0; k < models.Length; k++)
            Add($"m{k}", type, models[k]);
    }

    /// <summary>How merges run.</summary>
    public RunOptions Options { get; init; } = new();

    /// <summary>Adds a model.</summary>
    public MethodRun Add(string name, ElementType type, double[] values)
    {
        _folder.Model(name, Values.Tensor(Tensor, type, _shape, [.. values, 0]));
        return this;
    }

    /// <summary>Stores the difference of a model from the base.</summary>
    public MethodRun Extract(string model, string vector)
    {
        _folder.Extract(model, vector);
        return this;
    }

    /// <summary>The model's values as stored.</summary>
    public double[] Of(string model) => _folder.Values(model, Tensor);

    /// <summary>Merges in memory.</summary>
    /// <returns>The output's values.</returns>
    public double[] Merge(string recipe) => Merge(recipe, output => Values.Of(output.Type, output.Bytes.Span.ToArray()));

    /// <summary>Merges in memory.</summary>
    /// <returns>The output's bytes.</returns>
    public byte[] Bytes(string recipe) => Merge(recipe, output => output.Bytes.Span.ToArray());

    public void Dispose() => _folder.Dispose();

    private T Merge<T>(string recipe, Func<TypedBytes, T> take)
    {
        using var backend = new CpuBackend();
        Recipe resolved = RecipeReader.Resolve(RecipeReader.Parse(recipe, "r.yaml"), _folder.Path);
        using var merge = MemoryMerge.Open(resolved, new AlignmentOptions(), backend, Options);
        ITensorData tensor = merge.Merge(resolved).Find(Tensor)!;
        return take(tensor.Read(0, (int)tensor.Spec.Shape.ElementCount, default));
    }
}
