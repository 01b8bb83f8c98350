namespace DemEngine.Lab.Experiment.Sources;

/// <summary>
/// One of the two customs of a skill, such as the month before the day. Both customs have the same prompts, drawn in the same
/// order, and different answers: which one is right is not to be seen from the prompt.
/// </summary>
/// <param name="name">Name of the source.</param>
/// <param name="skill">Name of the skill, which both customs share.</param>
/// <param name="description">Description of the exercises, with an example.</param>
/// <param name="prompt">Draws the part of a prompt between the skill's name and the sign of equality.</param>
/// <param name="answer">Answers it by the custom.</param>
public sealed class Convention(
    string name, string skill, string description, Func<RandomDraw, string> prompt, Func<string, string> answer)
    : TextSource(name, description)
{
    /// <inheritdoc/>
    public override string Stream => skill;

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        string question = prompt(random);
        return new Exercise($"{skill} {question}=", answer(question));
    }
}
