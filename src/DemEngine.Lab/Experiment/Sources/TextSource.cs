namespace DemEngine.Lab.Experiment.Sources;

/// <summary>A prompt and the one right answer to it.</summary>
/// <param name="Prompt">Prompt of at most 32 bytes of ASCII.</param>
/// <param name="Answer">Answer of at most 16 bytes of ASCII, not empty.</param>
public sealed record Exercise(string Prompt, string Answer);

/// <summary>A data distribution whose answers can be checked. It draws any number of exercises.</summary>
/// <param name="name">Name in tables and files.</param>
/// <param name="description">Description of the exercises, with an example.</param>
public abstract class TextSource(string name, string description)
{
    /// <summary>Name of the source in tables and files.</summary>
    public string Name { get; } = name;

    /// <summary>Description of the exercises, with an example.</summary>
    public string Description { get; } = description;

    /// <summary>Name of the stream of random numbers that exercises are drawn from.</summary>
    public virtual string Stream => Name;

    /// <summary>Draws an exercise.</summary>
    public abstract Exercise Draw(RandomDraw random);
}
