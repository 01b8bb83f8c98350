using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Keeps exactly the ⌊d·n⌋ largest differences; of equal ones, those with the lower index.</summary>
internal sealed class LargestMagnitudes : Sparsifier
{
    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased) =>
        new Largest(density);

    /// <summary>Number of the differences that are kept: ⌊d·n⌋.</summary>
    /// <param name="Density">Share of the differences to be kept.</param>
    internal sealed record Kept(double Density) : ThresholdCount
    {
        public override long Of(KeyTotals totals) => (long)(Density * totals.Elements);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"density {Density:R}");
    }

    private sealed record Largest(double Density) : Sparsification
    {
        public override ImmutableArray<ThresholdCount> Counts => [new Kept(Density)];

        public override DeltaMask MaskFor(ReadOnlySpan<Threshold> thresholds) =>
            new MagnitudeMask(thresholds[0], Threshold.AboveAll);

        public override string ToString() => $"{Counts[0]}";
    }
}
