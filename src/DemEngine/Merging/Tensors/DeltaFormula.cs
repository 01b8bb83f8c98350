using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Tensors;

/// <summary>Writes combinations of sparse differences as formulas, where the recipe alone determines them.</summary>
internal static class DeltaFormula
{
    /// <summary>Writes a combination as a formula, or returns null where it depends on a statistic.</summary>
    /// <param name="combination">Combination to write.</param>
    /// <param name="rowElements">Number of elements in a row.</param>
    public static string? Of(DeltaCombination combination, long rowElements)
    {
        string?[] differences = [.. combination.Deltas.Sources.Select((source, k) => Difference(source, k + 1, rowElements))];
        if (combination.Deltas.Variance is not null || differences.Contains(null))
            return null;

        ImmutableArray<DeltaWeights> weights = combination.Weights;
        string Sum(string start) =>
            Formula.Sum(start, weights.Zip(differences, (weight, difference) => (weight.Weight, difference!)));
        return combination.Mixing switch
        {
            Consensus.Sum => Sum(Formula.Base),
            Consensus.Agreeing => $"{Formula.Base} + agreeing({Sum("")})",
            Consensus.AgreeingMean =>
                $"{Formula.Base} + agreeing({Sum("")}) / "
                    + $"agreeing({string.Join(" + ", weights.Select(weight => Number(weight.Share)))})",
            Consensus.Overlap when weights.All(weight => weight is { Weight: 1, Share: 1 }) =>
                $"{Formula.Base} + overlap({string.Join(", ", differences)})",
            _ => null,
        };
    }

    private static string? Difference(SparseDelta source, int place, long rowElements)
    {
        bool isVector = source.Kind == TermKind.Plain;
        string difference = isVector ? Formula.Source(place) : $"{Formula.Source(place)} − {Formula.Base}";
        return source.Filter is KeepAll && !isVector ? $"({difference})" : source.Filter.Formula(difference, rowElements);
    }

    private static string Number(float value) => value.ToString("g6", CultureInfo.InvariantCulture);
}
