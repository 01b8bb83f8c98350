using DemEngine.Merging;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Methods;

/// <summary>Models of one tensor each, merged by a recipe from file to file.</summary>
internal sealed class MethodRun : IDisposable
{
    private const string Tensor = "model.layers.0.w";

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

    /// <summary>Adds a model.</summary>
    public MethodRun Add(string name, ElementType type, double[] values)
    {
        _folder.Model(name, Values.Tensor(Tensor, type, _shape, [.. values, 0]));
        return this;
    }

    /// <summary>The model's values as stored.</summary>
    public double[] Of(string model) => _folder.Values(model, Tensor);

    /// <summary>Merges.</summary>
    /// <returns>The output's values.</returns>
    public double[] Merge(string recipe, RunOptions? options = null)
    {
        _folder.Merge(recipe, options: (options ?? new RunOptions()) with { Overwrite = true });
        return Of("out");
    }

    /// <summary>Merges.</summary>
    /// <returns>The output's bytes.</returns>
    public byte[] Bytes(string recipe, RunOptions? options = null)
    {
        Merge(recipe, options);
        return _folder.Bytes("out", Tensor);
    }

    public void Dispose() => _folder.Dispose();
}
