using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Operations on one row at a time. They use sixteen lanes on every machine, so that sums are added in the same order.
/// </summary>
internal static class RowOperations
{
    private const int Lanes = 16;

    /// <summary>
    /// Root mean square normalisation, y = x / √(mean(x²) + ε) · weight (Zhang and Sennrich, "Root Mean Square Layer
    /// Normalization", https://arxiv.org/abs/1910.07467).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalise(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, double epsilon, Span<float> y)
    {
        Vector512<float> squares = default;
        int end = x.Length - (x.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
        {
            Vector512<float> value = Vector512.Create(x.Slice(i, Lanes));
            squares = Vector512.MultiplyAddEstimate(value, value, squares);
        }

        double sum = Vector512.Sum(squares);
        for (int i = end; i < x.Length; i++)
            sum += x[i] * x[i];

        float scale = (float)(1 / Math.Sqrt((sum / x.Length) + epsilon));
        for (int i = 0; i < end; i += Lanes)
            (Vector512.Create(x.Slice(i, Lanes)) * scale * Vector512.Create(weight.Slice(i, Lanes))).CopyTo(y[i..]);
        for (int i = end; i < x.Length; i++)
            y[i] = x[i] * scale * weight[i];
    }

    /// <summary>Adds a bias to a row; null for none.</summary>
    public static void Add(float[]? bias, Span<float> row)
    {
        for (int k = 0; k < bias?.Length; k++)
            row[k] += bias[k];
    }

    /// <summary>Normalises each head of a row in place by the same weights; null for none.</summary>
    public static void NormaliseHeads(Span<float> row, float[]? weight, double epsilon)
    {
        for (int at = 0; weight is not null && at < row.Length; at += weight.Length)
            Normalise(row.Slice(at, weight.Length), weight, epsilon, row.Slice(at, weight.Length));
    }

    /// <summary>
    /// Gated activation, gate = SiLU(gate) · up, with SiLU(x) = x / (1 + e⁻ˣ) (Shazeer, "GLU Variants Improve Transformer",
    /// https://arxiv.org/abs/2002.05202).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gate(Span<float> gate, ReadOnlySpan<float> up)
    {
        int end = gate.Length - (gate.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
        {
            Vector512<float> x = Vector512.Create(gate.Slice(i, Lanes));
            (x / (Vector512<float>.One + Vector512.Exp(-x)) * Vector512.Create(up.Slice(i, Lanes))).CopyTo(gate[i..]);
        }

        for (int i = end; i < gate.Length; i++)
            gate[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
    }

    /// <summary>Computes the log-likelihood of one outcome under softmax.</summary>
    /// <param name="logits">Logits, one for each outcome.</param>
    /// <param name="outcome">Index of the outcome whose log-likelihood is computed.</param>
    /// <param name="isLikeliest">Whether no other logit is larger, and none before it is equal.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double LogSoftmax(ReadOnlySpan<float> logits, int outcome, out bool isLikeliest)
    {
        float largest = Largest(logits);
        isLikeliest = !float.IsNaN(largest) && logits.IndexOf(largest) == outcome;

        Vector512<float> sums = default;
        int end = logits.Length - (logits.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
            sums += Vector512.Exp(Vector512.Create(logits.Slice(i, Lanes)) - Vector512.Create(largest));
        double sum = Vector512.Sum(sums);
        for (int i = end; i < logits.Length; i++)
            sum += MathF.Exp(logits[i] - largest);
        return logits[outcome] - largest - Math.Log(sum);
    }

    /// <summary>Returns the largest value, or NaN if any value is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Largest(ReadOnlySpan<float> values)
    {
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        int end = values.Length - (values.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
            largest = Vector512.Max(largest, Vector512.Create(values.Slice(i, Lanes)));
        float result = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
            result = MathF.Max(result, largest[lane]);
        for (int i = end; i < values.Length; i++)
            result = MathF.Max(result, values[i]);
        return result;
    }
}
