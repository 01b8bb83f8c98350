using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>A named set of examples, such as one data source's validation split.</summary>
public sealed class DataSet
{
    /// <summary>Makes a data set.</summary>
    /// <param name="name">Name of the set, shown in results.</param>
    /// <param name="examples">Examples to predict, at least one.</param>
    /// <param name="questions">Questions with choices, one for each example, or none at all.</param>
    /// <param name="hasPrompts">
    /// Whether every example is a prompt and its completion, so that exact match can be computed.
    /// </param>
    /// <exception cref="DemException">DEM2113 (EmptyDataSet): there is no example.</exception>
    public DataSet(
        string name, ImmutableArray<Example> examples, ImmutableArray<Question> questions = default, bool hasPrompts = false)
    {
        if (examples.IsDefaultOrEmpty)
            throw new DemException(ErrorCode.EmptyDataSet, $"{name}: the set has no examples");
        Name = name;
        Examples = examples;
        Questions = questions.IsDefault ? [] : questions;
        HasPrompts = hasPrompts;
    }

    /// <summary>Name of the set, shown in results.</summary>
    public string Name { get; }

    /// <summary>
    /// Examples to predict. The example of a question is the prompt and the right answer, as for any prompt and completion.
    /// </summary>
    public ImmutableArray<Example> Examples { get; }

    /// <summary>Questions with choices, one for each example; empty if this is not a set of questions.</summary>
    public ImmutableArray<Question> Questions { get; }

    /// <summary>Whether every example is a prompt and its completion, so that exact match can be computed.</summary>
    public bool HasPrompts { get; }

    /// <summary>Number of rows that the set was read from; 0 if it was not read from a file.</summary>
    public int Rows { get; init; }

    /// <summary>Forms of the rows that the set was read from; empty if it was not read from a file.</summary>
    public ImmutableArray<DataForm> Forms { get; init; } = [];

    /// <summary>Where the template comes from that chats became text by; null if there were none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Number of target tokens in all examples.</summary>
    public long Targets => Examples.Sum(example => (long)example.Targets);
}
