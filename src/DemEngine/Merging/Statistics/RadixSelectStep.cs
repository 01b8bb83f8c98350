using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// How far one cut has been found: the window in which its key lies, which each pass narrows, and how many elements in the window are still
/// to be above it.
/// </summary>
/// <param name="Window">Where its key lies.</param>
/// <param name="Wanted">How many of the window's elements are above it, at least 1; of all elements, if the window is a guess.</param>
/// <param name="Found">The cut, once it is found. Where it divides ties, it is not.</param>
internal readonly record struct RadixSelectStep(KeyWindow Window, long Wanted, Threshold? Found)
{
    private const int KeyBits = 31;

    // Bins that one pass has: as many as a second-level cache holds, fewer where there is little to count; of a guess so few that the tiles' counts can be kept.
    private const int MaxBits = 16;
    private const int FewBits = 11;
    private const int GuessBits = 12;
    private const long FewElements = 1 << 16;

    /// <summary>Whether the window is a guess: then what is above it must be counted too.</summary>
    public bool IsGuess { get; init; }

    /// <summary>Whether the window shows the cut's key and no other.</summary>
    public bool IsKeyKnown => !IsGuess && Window.Bins == 1;

    /// <summary>All that is above the window.</summary>
    public KeyWindow Above => new(Window.Stream, Window.First + ((uint)Window.Bins << Window.Shift), KeyBits, 1);

    /// <summary>Passes that narrow a window down to one key.</summary>
    /// <param name="elements">That are counted.</param>
    public static int Narrowings(long elements) => (KeyBits + BitsFor(elements) - 1) / BitsFor(elements);

    /// <summary>The window of the first pass: all keys by their upper bits.</summary>
    public static KeyWindow Everything(int stream, long elements) =>
        new(stream, 0, KeyBits - BitsFor(elements), 1 << BitsFor(elements), CountsFirsts: true);

    /// <summary>The window that counts nothing but zeros.</summary>
    public static KeyWindow Zeros(int stream) => new(stream, 0, 0, 1);

    /// <summary>What is known without looking: of none or of all elements.</summary>
    public static RadixSelectStep Start(ThresholdRequest request, KeyTotals totals)
    {
        long largest = request.Largest(totals);
        Threshold? known = largest <= 0 ? Threshold.AboveAll : request.DividesTies && largest >= totals.Elements ? Threshold.BelowAll : null;
        return new RadixSelectStep(Everything(request.Stream, totals.Elements), largest, known);
    }

    /// <summary>Guesses the window from the keys of a sample.</summary>
    /// <param name="bins">The sample's keys in the bins of the window, which is the first.</param>
    /// <param name="share">Share of the elements that are above the cut.</param>
    public RadixSelectStep Guess(ReadOnlySpan<long> bins, double share)
    {
        // Half a percent for a sample that is not quite one, and four standard deviations.
        long sampled = 0;
        foreach (long count in bins)
            sampled += count;
        double margin = (0.005 * sampled) + (4 * Math.Sqrt(sampled * share * (1 - share)));
        int highest = BinOf(bins, (share * sampled) - margin);
        int lowest = BinOf(bins, (share * sampled) + margin);
        long keys = (highest + 1L - lowest) << Window.Shift;
        int shift = 0;
        while (keys >> shift > 1 << GuessBits)
            shift++;
        return this with { Window = new KeyWindow(Window.Stream, (uint)lowest << Window.Shift, shift, (int)(keys >> shift), CountsFirsts: shift > 0), IsGuess = true };
    }

    /// <summary>Narrows the window to one of its bins, which holds the wanted element counted from the top.</summary>
    /// <param name="counts">The counts of the window.</param>
    /// <param name="above">Of what is above it, if it is a guess.</param>
    /// <param name="dividesTies">Whether the cut divides equal keys.</param>
    /// <param name="elements">That are counted in all.</param>
    /// <param name="bin">Which bin; −1 if the guess is wrong, and the search starts with all keys.</param>
    public RadixSelectStep Narrow(ReadOnlySpan<long> counts, long above, bool dividesTies, long elements, out int bin)
    {
        long wanted = Wanted - above;
        bin = wanted > 0 ? Window.Bins - 1 : -1;
        for (; bin >= 0 && wanted > counts[bin]; bin--)
            wanted -= counts[bin];
        if (bin < 0)
            return new RadixSelectStep(Everything(Window.Stream, elements), Wanted, null);

        uint first = Window.First + ((uint)bin << Window.Shift);
        if (Window.Shift > 0 && !(Window.CountsFirsts && counts[bin] == counts[Window.Bins + bin]))
        {
            int shift = Math.Max(0, Window.Shift - BitsFor(elements));
            return new RadixSelectStep(new KeyWindow(Window.Stream, first, shift, 1 << (Window.Shift - shift), CountsFirsts: shift > 0), wanted, null);
        }

        // Zeros are dropped or kept alike: they stay zeros.
        bool takesAll = first == 0 || !dividesTies || wanted == counts[bin];
        return new RadixSelectStep(new KeyWindow(Window.Stream, first, 0, 1), wanted, takesAll ? new Threshold(first, long.MaxValue) : null);
    }

    private static int BitsFor(long elements) => elements < FewElements ? FewBits : MaxBits;

    /// <summary>The bin of the element with so many above it.</summary>
    private static int BinOf(ReadOnlySpan<long> bins, double above)
    {
        int bin = bins.Length - 1;
        for (double left = above; bin > 0 && left >= bins[bin]; bin--)
            left -= bins[bin];
        return bin;
    }
}
