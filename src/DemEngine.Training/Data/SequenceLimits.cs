using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Data;

/// <summary>
/// Requirements of sequences on a model. They are checked before Torch gets the sequences, because Torch ends the process over an
/// id that is out of range.
/// </summary>
/// <param name="examples">Sequences to check; at least one.</param>
internal sealed class SequenceLimits(IReadOnlyCollection<Example> examples)
{
    private readonly int _longest = examples.Max(example => example.Tokens.Length);
    private readonly int _largest = examples.Max(example => example.Tokens.Max());
    private readonly int _least = examples.Min(example => example.Tokens.Min());

    /// <summary>Checks that a model can take the sequences.</summary>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="model">Name of the model in error messages.</param>
    /// <exception cref="DemException">
    /// DEM2114 (ExampleTooLong): a sequence is too long. DEM2115 (TokenOutOfRange): a token id is not in the vocabulary.
    /// </exception>
    public void Check(LlamaConfig config, string model)
    {
        if (_longest > config.MaxPositions)
            throw new DemException(
                ErrorCode.ExampleTooLong,
                $"{model}: takes {config.MaxPositions} tokens, and an example has {_longest}");
        int outside = _least < 0 ? _least : _largest;
        if ((uint)outside >= (uint)config.VocabularySize)
            throw new DemException(
                ErrorCode.TokenOutOfRange,
                $"{model}: its vocabulary has {config.VocabularySize} tokens, and an example has the id {outside}");
    }
}
