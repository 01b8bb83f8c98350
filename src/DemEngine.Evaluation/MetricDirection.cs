namespace DemEngine.Evaluation;

/// <summary>Tells from a metric's name whether a smaller value is better, for metrics of external programs.</summary>
internal static class MetricDirection
{
    // Words of names of metrics that measure what should be small, in the spellings that evaluation programs use.
    private static readonly HashSet<string> Lower = new(StringComparer.OrdinalIgnoreCase)
    {
        "loss", "perplexity", "ppl", "nll", "byte", "bpb", "bits", "error", "errors", "err", "wer", "cer", "ter", "mse", "rmse",
        "mae", "brier", "ece", "toxicity", "latency",
    };

    /// <summary>Whether a larger value of the metric is better, as far as its name tells; larger where it does not.</summary>
    public static bool HigherIsBetter(string name) =>
        !name.Split(['_', '-', '.', '/', ',', ' ', '@', ':']).Any(Lower.Contains);
}
