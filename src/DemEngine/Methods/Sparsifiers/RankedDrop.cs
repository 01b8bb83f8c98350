using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>
/// Keeps each difference with a probability that rises with its rank in its row, from d − ε for the smallest to d + ε for the
/// largest (Deep et al., "DELLA-Merging", arXiv 2406.11617, section 3.1).
/// </summary>
internal sealed class RankedDrop : Sparsifier
{
    private const double DefaultEpsilon = 0.15;

    public override IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("epsilon", ParameterType.Number, PerModel: true, "half of what the probabilities in a row differ by; 0.15"),
        RandomStream.Parameter,
    ];

    public override bool IsRandom => true;

    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        double epsilon = question.NumberOf(source, "epsilon", DefaultEpsilon);
        if (!(epsilon >= 0 && density - epsilon > 0 && density + epsilon < 1))
        {
            throw question.WrongValueOf(
                source,
                "density",
                $"epsilon is {epsilon} at a density of {density}"
                + ", and density − epsilon and density + epsilon lie between 0 and 1");
        }

        // A row of one element is neither the smallest nor the largest.
        question.RequireRowsOfAtMost(RowwiseCombination.MaxRowElements);
        double lowest = question.RowElements > 1 ? density - epsilon : density;
        double step = question.RowElements > 1 ? 2 * epsilon / (question.RowElements - 1) : 0;
        var filter = new MagPruneMask(
            RandomStream.Of(question, source),
            (ulong)Math.Round(lowest * RandomStream.One),
            (ulong)(step * RandomStream.One * (1 << 30)),
            isUnbiased);
        return new KeptByMask(
            new Drawn(density, epsilon, question.Integer(RandomStream.Parameter.Name, 0), isUnbiased), filter);
    }

    private sealed record Drawn(double Density, double Epsilon, long Seed, bool IsUnbiased)
    {
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"density {Density:R}, epsilon {Epsilon:R}, seed {Seed}");
    }
}
