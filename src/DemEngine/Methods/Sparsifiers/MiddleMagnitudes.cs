using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>
/// Drops the ⌊γ·n⌋ largest differences and then the smallest, so that ⌊d·n⌋ are kept. Drops fewer of the largest where too few
/// would be left otherwise.
/// </summary>
internal sealed class MiddleMagnitudes : Sparsifier
{
    private const double DefaultGamma = 0.01;

    public override IReadOnlyList<MethodParameter> Parameters { get; } =
        [new("gamma", ParameterType.Number, PerModel: true, "share of the largest differences to be dropped; 0.01")];

    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        double gamma = question.NumberOf(source, "gamma", DefaultGamma);
        if (gamma is < 0 or > 1)
            throw question.WrongValueOf(source, "gamma", $"gamma is {gamma}, and is from 0 to 1");

        return new Middle(density, gamma);
    }

    /// <summary>
    /// Number of the largest differences that are dropped: ⌊γ·n⌋, or fewer where too few would be left.
    /// </summary>
    /// <param name="Density">Share of the differences to be kept.</param>
    /// <param name="Gamma">Share of the largest differences to be dropped.</param>
    private sealed record Dropped(double Density, double Gamma) : ThresholdCount
    {
        public override long Of(KeyTotals totals) =>
            Math.Min((long)(Gamma * totals.Elements), totals.Elements - new LargestMagnitudes.Kept(Density).Of(totals));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"density {Density:R}, gamma {Gamma:R}");
    }

    /// <summary>Number of the differences that are dropped of the largest, and of those that are kept, together.</summary>
    private sealed record DroppedAndKept(double Density, double Gamma) : ThresholdCount
    {
        public override long Of(KeyTotals totals) =>
            new Dropped(Density, Gamma).Of(totals) + new LargestMagnitudes.Kept(Density).Of(totals);

        public override string ToString() => $"{new Dropped(Density, Gamma)}";
    }

    private sealed record Middle(double Density, double Gamma) : Sparsification
    {
        public override ImmutableArray<ThresholdCount> Counts =>
            [new Dropped(Density, Gamma), new DroppedAndKept(Density, Gamma)];

        public override DeltaMask MaskFor(ReadOnlySpan<Threshold> thresholds) => new MagnitudeMask(thresholds[1], thresholds[0]);

        public override string ToString() => $"{Counts[0]}";
    }
}
