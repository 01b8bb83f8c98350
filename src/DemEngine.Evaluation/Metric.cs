namespace DemEngine.Evaluation;

/// <summary>A measure of how good a model is on a data set.</summary>
/// <param name="Name">Name of the metric in options, tables and files.</param>
/// <param name="HigherIsBetter">Whether a larger value is better.</param>
public sealed record Metric(string Name, bool HigherIsBetter)
{
    /// <summary>
    /// Mean negative log-likelihood of the target tokens, in nats per token. Every token of a set has the same weight.
    /// </summary>
    public static Metric Loss { get; } = new("loss", HigherIsBetter: false);

    /// <summary>
    /// Perplexity, exp(loss): 1 for certainty, and the size of the vocabulary for a model that predicts uniformly.
    /// </summary>
    public static Metric Perplexity { get; } = new("perplexity", HigherIsBetter: false);

    /// <summary>
    /// Share of the examples for which greedy decoding gives the completion and the end of text after it, token for token. The
    /// data set must have prompts.
    /// </summary>
    public static Metric ExactMatch { get; } = new("exact-match", HigherIsBetter: true);

    /// <summary>
    /// Share of the questions whose right choice has the largest log-likelihood after the prompt: the sum over the choice's
    /// tokens, not divided by their number. Of equal choices the first is taken (Hendrycks et al., "Measuring Massive Multitask
    /// Language Understanding", https://arxiv.org/abs/2009.03300, as language-model harnesses implement it). The data set must
    /// have choices.
    /// </summary>
    public static Metric ChoiceAccuracy { get; } = new("choice-accuracy", HigherIsBetter: true);

    /// <summary>The metrics that this tool computes itself. An external command may report others.</summary>
    public static IReadOnlyList<Metric> BuiltIn { get; } = [Loss, Perplexity, ExactMatch, ChoiceAccuracy];

    /// <summary>Finds one of <see cref="BuiltIn"/> by name; null if there is none of that name.</summary>
    public static Metric? Find(string name) => BuiltIn.FirstOrDefault(metric => metric.Name == name);

    /// <summary>
    /// Whether <see cref="HigherIsBetter"/> was only concluded from the name, so that an external command's output may say
    /// otherwise.
    /// </summary>
    public bool DirectionIsAssumed { get; init; }

    /// <summary>
    /// Parses the name of a metric: a built-in one, or one that an external command prints. Whether a larger value of the latter
    /// is better is said by <c>:lower</c> or <c>:higher</c> after the name, or otherwise assumed by the name: less is better of a
    /// loss, a perplexity or an error, more of anything else.
    /// </summary>
    public static Metric Parse(string text)
    {
        const string lower = ":lower", higher = ":higher";
        if (text.EndsWith(lower, StringComparison.Ordinal))
            return Find(text[..^lower.Length]) ?? new Metric(text[..^lower.Length], HigherIsBetter: false);
        if (text.EndsWith(higher, StringComparison.Ordinal))
            return Find(text[..^higher.Length]) ?? new Metric(text[..^higher.Length], HigherIsBetter: true);
        return Find(text) ?? new Metric(text, MetricDirection.HigherIsBetter(text)) { DirectionIsAssumed = true };
    }

    /// <summary>
    /// Whether one value is better than another. NaN is worse than any number, and not better than another NaN.
    /// </summary>
    public bool IsBetter(double value, double than)
    {
        if (double.IsNaN(value) || double.IsNaN(than))
            return !double.IsNaN(value);
        return HigherIsBetter ? value > than : value < than;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
