using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>Examples under a name, such as one data source's validation split.</summary>
public sealed class DataSet
{
    /// <summary>Makes a set.</summary>
    /// <param name="name">Shown in results.</param>
    /// <param name="examples">At least one.</param>
    /// <param name="questions">One for each example, or none at all.</param>
    /// <param name="hasPrompts">Whether every example is a prompt and its completion, so that a completion can be asked for.</param>
    /// <exception cref="DemException">DEM2113: there is no example.</exception>
    public DataSet(string name, ImmutableArray<Example> examples, ImmutableArray<Question> questions = default, bool hasPrompts = false)
    {
        if (examples.IsDefaultOrEmpty)
            throw new DemException(ErrorCode.EmptyDataSet, $"{name}: the set has no examples");
        Name = name;
        Examples = examples;
        Questions = questions.IsDefault ? [] : questions;
        HasPrompts = hasPrompts;
    }

    /// <summary>Shown in results.</summary>
    public string Name { get; }

    /// <summary>What is predicted. Of a question: the prompt and the right answer, as for any prompt and completion.</summary>
    public ImmutableArray<Example> Examples { get; }

    /// <summary>The questions, if it is a set of questions: one for each example. Otherwise none.</summary>
    public ImmutableArray<Question> Questions { get; }

    /// <summary>Whether every example is a prompt and its completion, so that a completion can be asked for.</summary>
    public bool HasPrompts { get; }

    /// <summary>Number of tokens that are predicted.</summary>
    public long Targets => Examples.Sum(example => (long)example.Targets);
}
