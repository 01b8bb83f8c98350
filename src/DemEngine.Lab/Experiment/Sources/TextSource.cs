namespace DemEngine.Lab.Experiment.Sources;

/// <summary>A prompt and the one right answer to it.</summary>
/// <param name="Prompt">At most 32 bytes of ASCII.</param>
/// <param name="Answer">At most 16 bytes of ASCII, not empty.</param>
public sealed record Exercise(string Prompt, string Answer);

/// <summary>A data distribution whose answers can be checked: it draws exercises, any number of them.</summary>
/// <param name="name">Its name in tables and files.</param>
/// <param name="description">What is asked, with an example.</param>
public abstract class TextSource(string name, string description)
{
    /// <summary>Its name in tables and files.</summary>
    public string Name { get; } = name;

    /// <summary>What is asked, with an example.</summary>
    public string Description { get; } = description;

    /// <summary>Draws an exercise.</summary>
    public abstract Exercise Draw(RandomDraw random);
}
