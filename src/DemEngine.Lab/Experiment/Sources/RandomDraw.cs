using System.IO.Hashing;
using System.Text;
using DemEngine.Numerics;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>
/// Draws numbers one after the other from a stream of <see cref="Philox"/>; the same seed and purpose give the same numbers.
/// </summary>
/// <param name="seed">Seed of the whole experiment.</param>
/// <param name="purpose">Name of the stream.</param>
public sealed class RandomDraw(long seed, string purpose)
{
    private readonly Philox _words = new(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(purpose), seed));
    private long _next;

    /// <summary>Draws a whole number from 0 up to but excluding a bound, uniformly.</summary>
    /// <param name="bound">Exclusive upper bound, at least 1.</param>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);

        // Only as many of the 2³² words are used as are a multiple of the bound; the rest would bias the remainder.
        uint limit = uint.MaxValue - (uint.MaxValue % (uint)bound);
        uint word;
        do
            word = _words[_next++];
        while (word >= limit);
        return (int)(word % (uint)bound);
    }

    /// <summary>Draws a whole number between two bounds, both inclusive.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>Draws one of the elements.</summary>
    public T Pick<T>(params ReadOnlySpan<T> elements) => elements[Below(elements.Length)];

    /// <summary>Draws a text of letters from an alphabet.</summary>
    public string Text(string alphabet, int length) => string.Create(length, (this, alphabet), static (text, from) =>
    {
        for (int i = 0; i < text.Length; i++)
            text[i] = from.alphabet[from.Item1.Below(from.alphabet.Length)];
    });
}
