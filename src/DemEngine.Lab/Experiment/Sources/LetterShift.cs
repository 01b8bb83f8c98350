namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Words in which every letter is to be replaced by the next one in the alphabet, z by a.</summary>
public sealed class LetterShift() : TextSource("shift", "The next letter for each: \"shift jazz=\" is kbaa.")
{
    private const int Shortest = 3;
    private const int Longest = 6;

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        string text = random.Text("abcdefghijklmnopqrstuvwxyz", random.Between(Shortest, Longest));
        return new Exercise($"shift {text}=", string.Concat(text.Select(c => (char)('a' + ((c - 'a' + 1) % 26)))));
    }
}
