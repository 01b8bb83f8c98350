using DemEngine.Methods.Definition;
using DemEngine.Methods.Geometry;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Karcher mean of whole models on the sphere: the direction u from which the weighted arcs to the models' directions uᵢ cancel,
/// Σ aᵢ·θᵢ/sin θᵢ·(uᵢ − cos θᵢ·u) = 0, scaled to the weighted mean of the models' norms (Karcher, "Riemannian center of mass and
/// mollifier smoothing", Comm. Pure Appl. Math. 30, 1977). Every step stays in the span of the models, so it is taken on their
/// coefficients, with the Gram matrix.
/// </summary>
internal sealed class Karcher : IMergeMethod
{
    // The direction of the arc to a model opposite to u is not unique.
    private const double MinSine = 1e-12;

    /// <inheritdoc/>
    public string Name => "karcher";

    /// <inheritdoc/>
    public string Summary => "Karcher mean of the models' directions on the sphere, with their mean norm";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("weight", ParameterType.Number, PerModel: true, "the model's share; 1"),
        new("max_iter", ParameterType.Integer, PerModel: false, "the most steps; 10"),
        new("tol", ParameterType.Number, PerModel: false, "a step shorter than this is the last; 1e-5"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Joined;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double[] weights = question.NumberOfEach("weight", 1);
        double divisor = WeightSum.Divisor(weights);
        weights = [.. weights.Select(weight => weight / divisor)];
        long most = question.Integer("max_iter", 10);
        double tolerance = question.Number("tol", 1e-5);
        return TensorMerge.FromGram(question, byRow: false, gram => question.Sum(Coefficients(weights, gram, most, tolerance)));
    }

    private static double[] Coefficients(double[] weights, GramMatrix gram, long most, double tolerance)
    {
        var units = new UnitVectors(gram, weights.Length);

        // Zero vectors lower the mean norm but have no part in the direction.
        double norm = weights.Select((weight, i) => weight * gram.Norm(i)).Sum();
        double divisor = WeightSum.Divisor([.. weights.Where((_, i) => units.HasDirection(i))]);
        double[] shares = [.. weights.Select((weight, i) => units.HasDirection(i) ? weight / divisor : 0)];

        double[] mean = Start(shares, units, tolerance);
        for (long k = 0; k < most && Step(mean, shares, units, tolerance) is { } next; k++)
            mean = next;
        return units.OfVectors([.. mean.Select(coefficient => norm * coefficient)]);
    }

    /// <summary>Returns the direction of the weighted mean, or the first model's direction where that mean vanishes.</summary>
    private static double[] Start(double[] shares, UnitVectors units, double tolerance)
    {
        double length = units.Norm(shares);
        if (length >= tolerance && length > 0)
            return Scaled(shares, 1 / length);

        int first = Enumerable.Range(0, shares.Length).FirstOrDefault(units.HasDirection);
        return [.. shares.Select((_, i) => i == first ? 1.0 : 0)];
    }

    /// <summary>Moves u along the mean of the arcs to the models; null if the step is shorter than the tolerance.</summary>
    private static double[]? Step(double[] mean, double[] shares, UnitVectors units, double tolerance)
    {
        double[] tangent = new double[mean.Length];
        double ofMean = 0;
        for (int i = 0; i < mean.Length; i++)
        {
            double cosine = Math.Clamp(units.Product(mean, i), -1, 1);
            double angle = Math.Acos(cosine);
            if (!units.HasDirection(i) || angle < tolerance || Math.Sin(angle) < MinSine)
                continue;

            double share = shares[i] * angle / Math.Sin(angle);
            tangent[i] += share;
            ofMean += share * cosine;
        }

        for (int i = 0; i < mean.Length; i++)
            tangent[i] -= ofMean * mean[i];

        double length = units.Norm(tangent);
        if (!(length >= tolerance) || length == 0)
            return null;

        double[] next = [.. mean.Zip(tangent, (u, t) => (Math.Cos(length) * u) + (Math.Sin(length) / length * t))];
        return Scaled(next, 1 / units.Norm(next));
    }

    private static double[] Scaled(double[] vector, double factor) => [.. vector.Select(x => factor * x)];
}
