using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Evaluation.Embedded;

/// <summary>Derivatives of <see cref="RowOperations"/>, one row at a time.</summary>
internal static class RowGradients
{
    private const int Lanes = 16;

    /// <summary>Adds a multiple of a row: y += a · x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float a, ReadOnlySpan<float> x, Span<float> y)
    {
        Vector512<float> factor = Vector512.Create(a);
        int end = x.Length - (x.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
        {
            Vector512<float> sum = Vector512.Create<float>(y.Slice(i, Lanes));
            Vector512.MultiplyAddEstimate(factor, Vector512.Create(x.Slice(i, Lanes)), sum).CopyTo(y[i..]);
        }

        for (int i = end; i < x.Length; i++)
            y[i] += a * x[i];
    }

    /// <summary>
    /// Root mean square normalisation y = s·x∘w with s = 1/√(mean(x²) + ε): adds s·(w∘dy) − x·s³·mean(w∘dy∘x) to dx, and s·x∘dy
    /// to dw.
    /// </summary>
    public static void Normalise(
        ReadOnlySpan<float> x, ReadOnlySpan<float> w, double epsilon, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dw)
    {
        double squares = 0, along = 0;
        for (int i = 0; i < x.Length; i++)
        {
            squares += (double)x[i] * x[i];
            along += (double)w[i] * dy[i] * x[i];
        }

        double scale = 1 / Math.Sqrt((squares / x.Length) + epsilon);
        float s = (float)scale;
        float back = (float)(scale * scale * scale * along / x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            dx[i] += (s * w[i] * dy[i]) - (back * x[i]);
            dw[i] += s * x[i] * dy[i];
        }
    }

    /// <summary>
    /// Gated activation h = g·σ(g)·u with σ(g) = 1/(1 + e⁻ᵍ): dg = dh·u·σ·(1 + g·(1 − σ)) and du = dh·g·σ.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gate(
        ReadOnlySpan<float> gate, ReadOnlySpan<float> up, ReadOnlySpan<float> dh, Span<float> dGate, Span<float> dUp)
    {
        int end = gate.Length - (gate.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
        {
            Vector512<float> g = Vector512.Create(gate.Slice(i, Lanes));
            Vector512<float> d = Vector512.Create(dh.Slice(i, Lanes));
            Vector512<float> sigmoid = Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-g));
            Vector512<float> inner = Vector512<float>.One + (g * (Vector512<float>.One - sigmoid));
            (d * Vector512.Create(up.Slice(i, Lanes)) * sigmoid * inner).CopyTo(dGate[i..]);
            (d * g * sigmoid).CopyTo(dUp[i..]);
        }

        for (int i = end; i < gate.Length; i++)
        {
            float sigmoid = 1 / (1 + MathF.Exp(-gate[i]));
            dGate[i] = dh[i] * up[i] * sigmoid * (1 + (gate[i] * (1 - sigmoid)));
            dUp[i] = dh[i] * gate[i] * sigmoid;
        }
    }

    /// <summary>
    /// Replaces logits by the derivative of −ln softmax(logits) at an outcome: softmax(logits), less 1 at the outcome, times a
    /// factor.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CrossEntropy(Span<float> logits, int outcome, double factor)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
            largest = MathF.Max(largest, logit);
        int end = logits.Length - (logits.Length % Lanes);
        Vector512<float> sums = default;
        for (int i = 0; i < end; i += Lanes)
        {
            Vector512<float> power = Vector512.Exp(Vector512.Create<float>(logits.Slice(i, Lanes)) - Vector512.Create(largest));
            power.CopyTo(logits[i..]);
            sums += power;
        }

        double sum = Vector512.Sum(sums);
        for (int i = end; i < logits.Length; i++)
        {
            logits[i] = MathF.Exp(logits[i] - largest);
            sum += logits[i];
        }

        float scale = (float)(factor / sum);
        for (int i = 0; i < logits.Length; i++)
            logits[i] *= scale;
        logits[outcome] -= (float)factor;
    }
}
