namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Strings to be written backwards.</summary>
/// <param name="name">Name of the source.</param>
/// <param name="description">Description of the source, with an example.</param>
/// <param name="alphabet">Characters that the strings are made of.</param>
public sealed class Reversal(string name, string description, string alphabet) : TextSource(name, description)
{
    private const int Shortest = 5;
    private const int Longest = 8;

    /// <summary>The source whose strings are digits.</summary>
    public static Reversal OfDigits { get; } =
        new("reverse-digits", "Digits backwards: \"reverse 390517=\" is 715093.", "0123456789");

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        string text = random.Text(alphabet, random.Between(Shortest, Longest));
        return new Exercise($"reverse {text}=", string.Concat(text.Reverse()));
    }
}
