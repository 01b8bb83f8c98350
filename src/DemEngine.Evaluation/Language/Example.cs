using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>A sequence of tokens, some of which are predicted: all from some index on, or chosen ones.</summary>
public sealed record Example
{
    private readonly ImmutableArray<int> _chosen;

    /// <summary>Makes an example whose tokens are predicted from some index on.</summary>
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

    /// <summary>Makes an example of which some tokens are predicted, such as those that an assistant says.</summary>
    /// <param name="tokens">Token ids of the whole sequence.</param>
    /// <param name="targets">Indices of the tokens that are predicted, ascending: at least one, and each at least 1.</param>
    /// <exception cref="ArgumentException">The indices are not ascending.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There is no token to predict, or the first token, or one beyond the last, would be predicted.
    /// </exception>
    public Example(ImmutableArray<int> tokens, ImmutableArray<int> targets)
    {
        ArgumentOutOfRangeException.ThrowIfZero(targets.Length, nameof(targets));
        ArgumentOutOfRangeException.ThrowIfLessThan(targets[0], 1, nameof(targets));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(targets[^1], tokens.Length, nameof(targets));
        for (int k = 1; k < targets.Length; k++)
        {
            if (targets[k] <= targets[k - 1])
                throw new ArgumentException("the indices are not ascending", nameof(targets));
        }

        Tokens = tokens;
        FirstTarget = targets[0];
        _chosen = targets.Length == tokens.Length - FirstTarget ? default : targets;
    }

    /// <summary>
    /// Token ids of the whole sequence, including those that begin and end a text where the tokenizer has them.
    /// </summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>Index of the first token that counts in the loss; token t is predicted from tokens 0 to t − 1.</summary>
    public int FirstTarget { get; }

    /// <summary>Indices of all tokens that count in the loss, ascending.</summary>
    public IEnumerable<int> TargetPositions =>
        _chosen.IsDefault ? Enumerable.Range(FirstTarget, Tokens.Length - FirstTarget) : _chosen;

    /// <summary>Whether every token from the first target on is one.</summary>
    public bool IsPredictedToEnd => _chosen.IsDefault;

    /// <summary>Number of target tokens.</summary>
    public int Targets => _chosen.IsDefault ? Tokens.Length - FirstTarget : _chosen.Length;

    /// <summary>The same tokens, cut behind some length, with the targets that are left.</summary>
    /// <param name="length">Number of tokens that are kept, at most.</param>
    /// <returns>The shorter example; null if no target is left.</returns>
    public Example? Cut(int length)
    {
        if (Tokens.Length <= length)
            return this;
        ImmutableArray<int> left = [.. TargetPositions.TakeWhile(target => target < length)];
        return left.IsEmpty ? null : new Example(Tokens[..length], left);
    }
}

/// <summary>A question with several answers, of which a model prefers the likeliest.</summary>
/// <param name="Choices">
/// One example for each answer: the prompt followed by the answer, with the answer alone as target and no end of text after it.
/// </param>
/// <param name="Answer">Index of the right answer in <paramref name="Choices"/>.</param>
public sealed record Question(ImmutableArray<Example> Choices, int Answer);
