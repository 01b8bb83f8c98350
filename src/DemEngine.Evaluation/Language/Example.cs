using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>A sequence to predict, from some place on.</summary>
public sealed record Example
{
    /// <summary>Makes an example.</summary>
    /// <param name="tokens">The whole sequence.</param>
    /// <param name="firstTarget">Index of the first token that is predicted: at least 1, since the first token has nothing before it.</param>
    /// <exception cref="ArgumentOutOfRangeException">Nothing would be predicted, or the first token would.</exception>
    public Example(ImmutableArray<int> tokens, int firstTarget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstTarget, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(firstTarget, tokens.Length);
        Tokens = tokens;
        FirstTarget = firstTarget;
    }

    /// <summary>The whole sequence, with the ids that begin and end a text where the tokenizer has them.</summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>Tokens from this index on count in the loss: token t is predicted from tokens 0 to t − 1.</summary>
    public int FirstTarget { get; }

    /// <summary>Number of tokens that are predicted.</summary>
    public int Targets => Tokens.Length - FirstTarget;
}

/// <summary>A question with several answers, of which a model prefers the likeliest.</summary>
/// <param name="Choices">The prompt followed by each answer, with the answer alone as target, and no end of text after it.</param>
/// <param name="Answer">Index of the right one.</param>
public sealed record Question(ImmutableArray<Example> Choices, int Answer);
