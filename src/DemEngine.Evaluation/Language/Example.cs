using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>A sequence of tokens that is predicted from some index on.</summary>
public sealed record Example
{
    /// <summary>Makes an example.</summary>
    /// <param name="tokens">Token ids of the whole sequence.</param>
    /// <param name="firstTarget">
    /// Index of the first token that is predicted: at least 1, since the first token has nothing before it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There is no token to predict, or the first token would be predicted.
    /// </exception>
    public Example(ImmutableArray<int> tokens, int firstTarget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstTarget, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(firstTarget, tokens.Length);
        Tokens = tokens;
        FirstTarget = firstTarget;
    }

    /// <summary>
    /// Token ids of the whole sequence, including those that begin and end a text where the tokenizer has them.
    /// </summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>Index of the first token that counts in the loss; token t is predicted from tokens 0 to t − 1.</summary>
    public int FirstTarget { get; }

    /// <summary>Number of target tokens.</summary>
    public int Targets => Tokens.Length - FirstTarget;
}

/// <summary>A question with several answers, of which a model prefers the likeliest.</summary>
/// <param name="Choices">
/// One example for each answer: the prompt followed by the answer, with the answer alone as target and no end of text after it.
/// </param>
/// <param name="Answer">Index of the right answer in <paramref name="Choices"/>.</param>
public sealed record Question(ImmutableArray<Example> Choices, int Answer);
