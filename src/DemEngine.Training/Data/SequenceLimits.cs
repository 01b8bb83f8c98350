using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Data;

/// <summary>What sequences ask of a model. Checked before Torch sees them, which ends the process over an id that is out of range.</summary>
/// <param name="examples">At least one.</param>
internal sealed class SequenceLimits(IReadOnlyCollection<Example> examples)
{
    private readonly int _longest = examples.Max(example => example.Tokens.Length);
    private readonly int _largest = examples.Max(example => example.Tokens.Max());
    private readonly int _least = examples.Min(example => example.Tokens.Min());

    /// <summary>Refuses a model that cannot take them.</summary>
    /// <param name="config">The model's.</param>
    /// <param name="model">Named in errors.</param>
    /// <exception cref="DemException">DEM2114, DEM2115.</exception>
    public void Check(LlamaConfig config, string model)
    {
        if (_longest > config.MaxPositions)
            throw new DemException(ErrorCode.ExampleTooLong, $"{model}: takes {config.MaxPositions} tokens, and an example has {_longest}");
        int outside = _least < 0 ? _least : _largest;
        if ((uint)outside >= (uint)config.VocabularySize)
            throw new DemException(ErrorCode.TokenOutOfRange, $"{model}: its vocabulary has {config.VocabularySize} tokens, and an example has the id {outside}");
    }
}
