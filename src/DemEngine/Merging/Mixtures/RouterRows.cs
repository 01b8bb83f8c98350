using DemEngine.Numerics;
using DemEngine.Recipes.Mixtures;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// Rows of routers that are made from prompts: for an expert in a layer the vector of its positive prompts minus that of its
/// negative ones, divided by its Euclidean length.
/// </summary>
internal sealed class RouterRows
{
    // A length below this counts as this, so that a vector of zeros stays one.
    private const double SmallestLength = 1e-8;

    // Rows of which the largest singular value is so many times the smallest one hardly tell the experts apart; mergekit warns
    // from there on, too.
    private const double LargestCondition = 5;

    private readonly IPromptVectors _prompts;
    private readonly ValueList<string>[] _lists;
    private readonly int[] _negative;
    private readonly int _experts;
    private readonly int _layers;
    private readonly int _hidden;
    private readonly Lock _lock = new();
    private double[][][]? _rows;

    /// <param name="recipe">The recipe.</param>
    /// <param name="prompts">Vectors of prompts.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="hidden">Number of elements of a hidden state.</param>
    /// <exception cref="DemException">Any error of <see cref="IPromptVectors.Check"/>.</exception>
    public RouterRows(MixtureRecipe recipe, IPromptVectors prompts, int layers, int hidden)
    {
        MixtureExpert[] experts = [.. recipe.AllExperts.Where(expert => expert.PositivePrompts.Count > 0)];
        _prompts = prompts;
        (_layers, _hidden) = (layers, hidden);
        _experts = experts.Length;
        var lists = experts.Select(expert => expert.PositivePrompts).ToList();
        _negative = new int[experts.Length];
        for (int k = 0; k < experts.Length; k++)
        {
            _negative[k] = experts[k].NegativePrompts.Count == 0 ? -1 : lists.Count;
            if (_negative[k] >= 0)
                lists.Add(experts[k].NegativePrompts);
        }

        _lists = [.. lists];
        prompts.Check(_lists);
    }

    /// <summary>Computes the rows, unless that was done.</summary>
    /// <param name="cancel">Token by which the computation is stopped.</param>
    /// <returns>For each layer and each expert a row.</returns>
    public double[][][] Compute(CancellationToken cancel = default)
    {
        lock (_lock)
            return _rows ??= Make(cancel);
    }

    /// <summary>
    /// Names the layers in which the rows of the experts that are chosen among are nearly alike; null if there are none.
    /// </summary>
    /// <param name="chosen">Number of experts that are chosen among.</param>
    public string? Remark(int chosen)
    {
        double[][][] rows = Compute();
        int[] alike = [.. Enumerable.Range(0, rows.Length).Where(layer => Condition(rows[layer][..chosen]) > LargestCondition)];
        if (alike.Length == 0)
            return null;
        string where = alike.Length == rows.Length ? "all layers"
            : alike.Length == 1 ? $"layer {alike[0]}" : $"{alike.Length} layers, the first of them {alike[0]},";
        return $"the routers of {where} hardly tell the experts apart: the prompts are too similar, or too few";
    }

    private double[][][] Make(CancellationToken cancel)
    {
        IReadOnlyList<IReadOnlyList<double[]>> vectors = _prompts.Compute(_lists, cancel);
        if (vectors.Any(list => list.Count != _layers || list.Any(vector => vector.Length != _hidden)))
            throw new InvalidOperationException("the vectors of prompts are not of the base model's layers and hidden size");
        return
        [
            .. Enumerable.Range(0, _layers).Select(layer => Enumerable.Range(0, _experts)
                .Select(k => Row(vectors[k][layer], _negative[k] < 0 ? null : vectors[_negative[k]][layer])).ToArray()),
        ];
    }

    private static double[] Row(double[] positive, double[]? negative)
    {
        double[] row = [.. positive.Select((value, k) => value - (negative?[k] ?? 0))];
        double length = Math.Max(SmallestLength, Math.Sqrt(row.Sum(value => value * value)));
        return [.. row.Select(value => value / length)];
    }

    /// <summary>The condition number of a matrix: the largest singular value by the smallest one.</summary>
    private static double Condition(double[][] rows)
    {
        var gram = new double[rows.Length, rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows.Length; j++)
                gram[i, j] = rows[i].Zip(rows[j], (a, b) => a * b).Sum();
        }

        double[] values = new SymmetricEigen(gram).Values;
        return values.Min() <= 0 ? double.PositiveInfinity : Math.Sqrt(values.Max() / values.Min());
    }
}
