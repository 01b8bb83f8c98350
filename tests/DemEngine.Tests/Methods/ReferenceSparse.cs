using System.IO.Hashing;
using System.Text;
using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

/// <summary>Methods that thin out differences, in binary64 as their definitions word them, by sorting whole tensors.</summary>
internal static class ReferenceSparse
{
    /// <summary>δ of a source: the one rounding that is part of the definition.</summary>
    public static double[] Delta(double[] x, double[] b) => [.. x.Zip(b, (xi, bi) => (double)(float)(xi - bi))];

    public static double[] Largest(double[] delta, double density) => Ordered(delta, from: 0, count: (int)(density * delta.Length));

    public static double[] Middle(double[] delta, double density, double gamma)
    {
        int kept = (int)(density * delta.Length);
        int dropped = Math.Min((int)(gamma * delta.Length), delta.Length - kept);
        return density >= 1 ? delta : Ordered(delta, dropped, kept);
    }

    public static double[] Random(double[] delta, double density, string tensor, int source, long seed)
    {
        Philox words = Words(tensor, source, seed);
        return [.. delta.Select((value, i) => words[i] < Math.Round(density * 4294967296) ? value : 0)];
    }

    /// <summary>By the ranks in each row, the larger likelier; if unbiased, what is kept is divided by its probability.</summary>
    public static double[] Ranked(
        double[] delta, int row, double density, double epsilon, string tensor, int source, long seed, bool isUnbiased, Action<double>? report = null)
    {
        if (density >= 1)
            return delta;

        Philox words = Words(tensor, source, seed);
        double[] result = new double[delta.Length];
        for (int start = 0; start < delta.Length; start += row)
        {
            int[] ascending = [.. Enumerable.Range(start, row).OrderBy(i => Math.Abs(delta[i])).ThenByDescending(i => i)];
            for (int rank = 0; rank < row; rank++)
            {
                double probability = density <= 0 ? 0 : row == 1 ? density : density - epsilon + (2 * epsilon * rank / (row - 1));
                double draw = words[ascending[rank]] / 4294967296.0;
                report?.Invoke(Math.Abs(draw - probability));
                result[ascending[rank]] = draw < probability ? delta[ascending[rank]] / (isUnbiased ? probability : 1) : 0;
            }
        }

        return result;
    }

    /// <summary>b + λ·m.</summary>
    public static double[] Merge(double[] b, double[][] deltas, double[][] kept, double[] weights, double lambda, bool hasConsensus, bool normalizes, bool rescales)
    {
        double[] factors = [.. deltas.Select((delta, k) =>
            rescales && L1(kept[k]) > 0 ? L1(delta) / L1(kept[k]) : 1)];
        double total = weights.Sum();
        return [.. b.Select((bi, i) =>
        {
            double[] weighted = [.. kept.Select((source, k) => weights[k] * factors[k] * source[i])];
            if (!hasConsensus)
                return bi + (lambda * weighted.Sum() / (normalizes && Math.Abs(total) >= 1e-8 ? total : 1));

            int sign = weighted.Sum() < 0 ? -1 : 1;
            int[] agree = [.. Enumerable.Range(0, weights.Length).Where(k => Math.Sign(weighted[k]) == sign)];
            double divisor = normalizes ? agree.Sum(k => weights[k]) : 1;
            return bi + (lambda * agree.Sum(k => weighted[k]) / (divisor == 0 ? 1 : divisor));
        })];
    }

    public static double[] Sce(double[] b, double[][] deltas, double share)
    {
        int n = b.Length;
        double[] variances = [.. b.Select((_, i) => Variance([.. deltas.Select(delta => delta[i])]))];
        var selected = share >= 1
            ? Enumerable.Range(0, n).ToHashSet()
            : Enumerable.Range(0, n).OrderByDescending(i => variances[i]).ThenBy(i => i).Take((int)(share * variances.Count(v => v > 0))).ToHashSet();
        double[][] kept = [.. deltas.Select(delta => delta.Select((value, i) => selected.Contains(i) ? value : 0).ToArray())];
        double[] squares = [.. kept.Select(delta => delta.Sum(value => value * value))];
        double[] weights = [.. squares.Select(square => squares.Sum() == 0 ? 1.0 / squares.Length : square / squares.Sum())];
        return [.. b.Select((bi, i) =>
        {
            int sign = kept.Sum(delta => delta[i]) < 0 ? -1 : 1;
            int[] agree = [.. Enumerable.Range(0, kept.Length).Where(k => Math.Sign(kept[k][i]) == sign)];
            double divisor = agree.Sum(k => weights[k]);
            return bi + (divisor == 0 ? 0 : agree.Sum(k => weights[k] * kept[k][i]) / divisor);
        })];
    }

    public static double[] Ram(double[] b, double[][] deltas, double epsilon, double r, double alpha)
    {
        double[][] kept = [.. deltas.Select(delta => delta.Select(value => Math.Abs(value) > (float)epsilon ? value : 0).ToArray())];
        int[] counts = [.. b.Select((_, i) => kept.Count(delta => delta[i] != 0))];
        double[] factors = [.. kept.Select(delta =>
        {
            int own = delta.Where((value, i) => value != 0 && counts[i] == 1).Count();
            int shared = delta.Where((value, i) => value != 0 && counts[i] > 1).Count();
            return own == 0 ? 1 : 1 + (r * Math.Min((double)shared / own, alpha));
        })];
        return [.. b.Select((bi, i) => bi + (counts[i] <= 1
            ? kept.Select((delta, k) => factors[k] * delta[i]).Sum()
            : kept.Sum(delta => delta[i]) / counts[i]))];
    }

    /// <summary>Importance of each element, and the threshold.</summary>
    public static (double[] Importance, double Threshold) Fusion(double[] b, double[] x, int row)
    {
        double[] delta = Delta(x, b);
        double[] importance = new double[b.Length];
        for (int start = 0; start < b.Length; start += row)
        {
            double[] p = Softmax(x[start..(start + row)]);
            double[] q = Softmax(b[start..(start + row)]);
            double divergence = Math.Max(0, p.Zip(q, (pi, qi) => (pi + 1e-8) * Math.Log((pi + 1e-8) / (qi + 1e-8))).Sum());
            for (int i = start; i < start + row; i++)
                importance[i] = Math.Abs(delta[i]) * divergence;
        }

        double[] sorted = [.. importance.Order()];
        double Quantile(double q) => sorted.Length == 0 ? 0 : sorted[(int)(q * (sorted.Length - 1))];
        return (importance, Quantile(0.5) + (1.5 * (Quantile(0.75) - Quantile(0.25))));
    }

    private static double[] Ordered(double[] delta, int from, int count)
    {
        double[] result = new double[delta.Length];
        foreach (int i in Enumerable.Range(0, delta.Length).OrderByDescending(i => Math.Abs(delta[i])).ThenBy(i => i).Skip(from).Take(count))
            result[i] = delta[i];
        return result;
    }

    private static Philox Words(string tensor, int source, long seed) =>
        new(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"keep {source} of {tensor}"), seed));

    private static double L1(double[] values) => values.Sum(Math.Abs);

    private static double Variance(double[] values) => values.Select(value => (value - values.Average()) * (value - values.Average())).Average();

    private static double[] Softmax(double[] row)
    {
        double most = row.DefaultIfEmpty().Max();
        double[] powers = [.. row.Select(value => Math.Exp(value - most))];
        return [.. powers.Select(power => power / powers.Sum())];
    }
}
