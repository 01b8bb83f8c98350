using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// What one unit of each coefficient adds to a merge: λ·ΔΘᵢ, in binary32. The merge is linear in its coefficients, so that it is
/// the difference of two merges by the pipeline itself: with the coefficient 1 and no other, and with none. Whatever it does to
/// align the models, it does here too. All are kept in memory, 4 bytes for each weight and source.
/// </summary>
internal sealed class MergeDirections : IWeightDirections
{
    private readonly Dictionary<string, float[]>[] _elements;

    /// <summary>Makes the directions.</summary>
    /// <param name="recipe">Recipe to merge, its paths resolved.</param>
    /// <param name="map">Coefficient map of a method that is linear in them.</param>
    /// <param name="alignment">Handling of models that do not match.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="options">Run options.</param>
    /// <param name="cancel">Token that stops the merges.</param>
    public MergeDirections(
        Recipe recipe,
        CoefficientMap map,
        AlignmentOptions alignment,
        IMergeBackend backend,
        RunOptions options,
        CancellationToken cancel)
    {
        RequireLinear(recipe, map);
        int count = map.Sources.Length;
        Recipe With(int source)
        {
            IEnumerable<double> values = Enumerable.Range(0, count).Select(k => k == source ? 1.0 : 0);
            return map.Apply(Coefficients.Of(values)) with { OutDType = "float32" };
        }

        using var merge = MemoryMerge.Open(With(-1), alignment, backend, options);
        Dictionary<string, float[]> origin = Read(merge, With(-1), cancel);
        _elements = new Dictionary<string, float[]>[count];
        for (int source = 0; source < count; source++)
        {
            _elements[source] = Read(merge, With(source), cancel);
            foreach (var (name, elements) in _elements[source])
            {
                float[] from = origin[name];
                for (int i = 0; i < elements.Length; i++)
                    elements[i] -= from[i];
            }
        }
    }

    public int Count => _elements.Length;

    public void Read(int direction, string tensor, long first, Span<float> elements) =>
        _elements[direction][tensor].AsSpan((int)first, elements.Length).CopyTo(elements);

    /// <summary>Refuses recipes whose result is not linear in the coefficients.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the recipe is such a one.</exception>
    public static void RequireLinear(Recipe recipe, CoefficientMap map)
    {
        map.RequireZeroIsBase("the strategy gradient");
        if (recipe.MergeMethod.Value is "dem" or "task_arithmetic"
            && recipe.Parameters.Find("normalize") is not Recipes.Values.FlagValue { Flag: true })
            return;
        throw new DemException(
            ErrorCode.BadArgument,
            $"the strategy gradient needs a merge that is linear in its weights, dem or task_arithmetic without normalize, and "
            + $"this one is {recipe.MergeMethod}; surrogate and bayesian need the metric alone");
    }

    private static Dictionary<string, float[]> Read(MemoryMerge merge, Recipe recipe, CancellationToken cancel)
    {
        MemoryModel model = merge.Merge(recipe, cancel);
        return merge.TensorNames.ToDictionary(
            name => name,
            name =>
            {
                float[] elements = new float[model.Find(name)!.Spec.Shape.ElementCount];
                WeightDecoding.Decode(model.Find(name)!, elements);
                return elements;
            },
            StringComparer.Ordinal);
    }
}
