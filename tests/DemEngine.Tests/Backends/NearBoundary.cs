using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>
/// Fills a case's inputs so that the sum comes as near to a rounding boundary of the output as the terms allow: each term takes up what
/// its predecessors left, so that with weights that fall off the last residue is a few units in the last place of a double. Where the
/// early terms are large they cancel. Only one element in so many may be hard: a shortcut is given up for a whole vector, or for a
/// whole stretch, where one element is plainly undecided, and only among easy ones can a wrong decision show.
/// </summary>
internal static class NearBoundary
{
    public static void Fill(CombineCase @case, Random random, double magnitude, int wildTerms, double wildness, int oneIn = 1)
    {
        var output = (TableFloat)@case.Output.Float;
        for (int i = 0; i < @case.Count; i++)
        {
            double b = @case.Base?.Set(i, magnitude * Spread(random)) ?? 0;
            if (random.Next(oneIn) != 0)
            {
                FillEasy(@case, i, b, magnitude);
                continue;
            }

            double start = @case.Combination.StartsFromBase ? b : 0;
            double residue = Target(output, start == 0 || random.Next(4) == 0 ? magnitude * Spread(random) : start, random) - start;
            for (int k = 0; k < @case.Combination.Terms.Length; k++)
            {
                Term term = @case.Combination.Terms[k];
                double offset = term.Kind == TermKind.RelativeToBase ? b : 0;
                double wanted = k < wildTerms ? wildness * magnitude * Spread(random) : residue / term.Weight;
                double x = @case.Source(k).Set(i, double.IsFinite(wanted) ? wanted + offset : offset);
                residue -= term.Weight * (x - offset);
            }
        }
    }

    /// <summary>The sum is the base, or the first term.</summary>
    private static void FillEasy(CombineCase @case, int i, double b, double magnitude)
    {
        for (int k = 0; k < @case.Combination.Terms.Length; k++)
        {
            double offset = @case.Combination.Terms[k].Kind == TermKind.RelativeToBase ? b : 0;
            @case.Source(k).Set(i, k > 0 || @case.Combination.StartsFromBase ? offset : offset + (1.171875 * magnitude));
        }
    }

    /// <summary>A point between two values of the output, or a hair beside it.</summary>
    internal static double Target(TableFloat output, double near, Random random)
    {
        int k = output.Bounds.BinarySearch(Math.Abs(near));
        double bound = output.Bounds[Math.Min(k < 0 ? ~k : k, output.Bounds.Length - 1)];
        double target = bound * (1 + (random.Next(-4, 5) * Math.ScaleB(1, -52)));
        return Math.CopySign(target, near);
    }

    /// <summary>Within a factor of 256, of either sign.</summary>
    private static double Spread(Random random) => Math.ScaleB((random.NextDouble() + 1) * ((random.Next(2) * 2) - 1), random.Next(-4, 4));
}
