namespace DemEngine.Evaluation;

/// <summary>A number that says how good a model is on a data set.</summary>
/// <param name="Name">Its name in options, tables and files.</param>
/// <param name="HigherIsBetter">Whether more is better.</param>
public sealed record Metric(string Name, bool HigherIsBetter)
{
    /// <summary>Mean negative log-likelihood of the target tokens, in nats per token; each token of a set counts the same.</summary>
    public static Metric Loss { get; } = new("loss", HigherIsBetter: false);

    /// <summary>exp(loss): 1 for certainty, the vocabulary's size for a model that knows nothing.</summary>
    public static Metric Perplexity { get; } = new("perplexity", HigherIsBetter: false);

    /// <summary>
    /// Share of the examples whose completion, and the end of text after it, is what greedy decoding gives token for token. Needs prompts.
    /// </summary>
    public static Metric ExactMatch { get; } = new("exact-match", HigherIsBetter: true);

    /// <summary>
    /// Share of the questions whose right choice has the largest log-likelihood after the prompt, summed over the choice's tokens and not
    /// divided by their number; the first of equals is taken (Hendrycks et al., "Measuring Massive Multitask Language Understanding",
    /// https://arxiv.org/abs/2009.03300, as language-model harnesses do it). Needs choices.
    /// </summary>
    public static Metric ChoiceAccuracy { get; } = new("choice-accuracy", HigherIsBetter: true);

    /// <summary>Those that this tool measures itself. An external command may give others.</summary>
    public static IReadOnlyList<Metric> BuiltIn { get; } = [Loss, Perplexity, ExactMatch, ChoiceAccuracy];

    /// <summary>Finds one of <see cref="BuiltIn"/>; null if there is none of that name.</summary>
    public static Metric? Find(string name) => BuiltIn.FirstOrDefault(metric => metric.Name == name);

    /// <summary>
    /// Reads a metric's name: a built-in one, or one that an external command prints, of which more is better unless <c>:lower</c> follows.
    /// </summary>
    public static Metric Parse(string text)
    {
        const string lower = ":lower";
        bool isLower = text.EndsWith(lower, StringComparison.Ordinal);
        string name = isLower ? text[..^lower.Length] : text;
        return Find(name) ?? new Metric(name, HigherIsBetter: !isLower);
    }

    /// <summary>Whether a value is better than another. NaN is worse than any number, and no better than itself.</summary>
    public bool IsBetter(double value, double than)
    {
        if (double.IsNaN(value) || double.IsNaN(than))
            return !double.IsNaN(value);
        return HigherIsBetter ? value > than : value < than;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
