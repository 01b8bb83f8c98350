using System.IO.Hashing;
using System.Text;
using DemEngine.Numerics;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Numbers drawn one after the other from a stream of <see cref="Philox"/>; the same seed and purpose give the same numbers.</summary>
/// <param name="seed">Of the whole experiment.</param>
/// <param name="purpose">Names the stream.</param>
public sealed class RandomDraw(long seed, string purpose)
{
    private readonly Philox _words = new(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(purpose), seed));
    private long _next;

    /// <summary>A whole number from 0 to below a bound, each as likely.</summary>
    /// <param name="bound">At least 1.</param>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);

        // Of the 2³² words only a multiple of the bound is used.
        uint limit = uint.MaxValue - (uint.MaxValue % (uint)bound);
        uint word;
        do
            word = _words[_next++];
        while (word >= limit);
        return (int)(word % (uint)bound);
    }

    /// <summary>A whole number between two, both included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>One of the elements.</summary>
    public T Pick<T>(params ReadOnlySpan<T> elements) => elements[Below(elements.Length)];

    /// <summary>Text of letters from an alphabet.</summary>
    public string Text(string alphabet, int length) => string.Create(length, (this, alphabet), static (text, from) =>
    {
        for (int i = 0; i < text.Length; i++)
            text[i] = from.alphabet[from.Item1.Below(from.alphabet.Length)];
    });
}
