using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// The state of the search for one threshold: the window that contains its key, which each pass narrows, and the number of
/// elements in the window that are to be above the threshold.
/// </summary>
/// <param name="Window">Window that contains the threshold's key.</param>
/// <param name="Wanted">
/// Number of the window's elements that are above the threshold, at least 1. If the window is a guess, all elements count.
/// </param>
/// <param name="Found">The threshold, once it is found. It stays null where the threshold divides ties.</param>
internal readonly record struct RadixSelectStep(KeyWindow Window, long Wanted, Threshold? Found)
{
    /// <summary>Maximum size in bytes of a thread's counts for one stream: two for each bin.</summary>
    public const int MaxTableBytes = 2 * (1 << MaxBits) * sizeof(uint);

    private const int KeyBits = 31;

    // A pass has as many bins as fit in a second-level cache, and fewer where there is little to count. A guess has so few that
    // the counts of all tiles can be kept.
    private const int MaxBits = 16;
    private const int FewBits = 11;
    private const int GuessBits = 12;
    private const long FewElements = 1 << 16;

    /// <summary>Whether the window is a guess. If so, the keys above it must be counted too.</summary>
    public bool IsGuess { get; init; }

    /// <summary>Whether the window contains the threshold's key and no other.</summary>
    public bool IsKeyKnown => !IsGuess && Window.Bins == 1;

    /// <summary>Window of all keys above <see cref="Window"/>.</summary>
    public KeyWindow Above => new(Window.Stream, Window.First + ((uint)Window.Bins << Window.Shift), KeyBits, 1);

    /// <summary>Returns the number of passes that narrow the window of all keys down to one key.</summary>
    /// <param name="elements">Number of elements that are counted.</param>
    public static int Narrowings(long elements) => (KeyBits + BitsFor(elements) - 1) / BitsFor(elements);

    /// <summary>Returns the window of the first pass, which contains all keys and bins them by their upper bits.</summary>
    public static KeyWindow Everything(int stream, long elements) =>
        new(stream, 0, KeyBits - BitsFor(elements), 1 << BitsFor(elements), CountsFirsts: true);

    /// <summary>Returns the window that counts only zeros.</summary>
    public static KeyWindow Zeros(int stream) => new(stream, 0, 0, 1);

    /// <summary>Starts a search. A threshold above or below all elements is known at once.</summary>
    public static RadixSelectStep Start(ThresholdRequest request, KeyTotals totals)
    {
        long largest = request.Largest.Of(totals);
        Threshold? known = largest <= 0
            ? Threshold.AboveAll
            : request.DividesTies && largest >= totals.Elements
                ? Threshold.BelowAll
                : null;
        return new RadixSelectStep(Everything(request.Stream, totals.Elements), largest, known);
    }

    /// <summary>Guesses the window from the keys of a sample.</summary>
    /// <param name="bins">Counts of the sample's keys in the bins of the first pass's window.</param>
    /// <param name="share">Share of the elements that are above the threshold, from 0 to 1.</param>
    public RadixSelectStep Guess(ReadOnlySpan<long> bins, double share)
    {
        // The margin is four standard deviations, plus half a percent because the sample is not quite random.
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
        return this with
        {
            Window = new KeyWindow(
                Window.Stream, (uint)lowest << Window.Shift, shift, (int)(keys >> shift), CountsFirsts: shift > 0),
            IsGuess = true,
        };
    }

    /// <summary>Narrows the window to the one of its bins that holds the wanted element, counted from the top.</summary>
    /// <param name="counts">Counts of the window.</param>
    /// <param name="above">Number of keys above the window if it is a guess, otherwise 0.</param>
    /// <param name="dividesTies">Whether the threshold divides equal keys.</param>
    /// <param name="elements">Number of all elements.</param>
    /// <param name="bin">Index of the bin; −1 if the guess is wrong and the search starts again with all keys.</param>
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
            return new RadixSelectStep(
                new KeyWindow(Window.Stream, first, shift, 1 << (Window.Shift - shift), CountsFirsts: shift > 0), wanted, null);
        }

        // Zeros stay zeros whether they are dropped or kept, so ties of zero need not be divided.
        bool takesAll = first == 0 || !dividesTies || wanted == counts[bin];
        return new RadixSelectStep(
            new KeyWindow(Window.Stream, first, 0, 1), wanted, takesAll ? new Threshold(first, long.MaxValue) : null);
    }

    private static int BitsFor(long elements) => elements < FewElements ? FewBits : MaxBits;

    /// <summary>Returns the bin of the element that has the given number of elements above it.</summary>
    private static int BinOf(ReadOnlySpan<long> bins, double above)
    {
        int bin = bins.Length - 1;
        for (double left = above; bin > 0 && left >= bins[bin]; bin--)
            left -= bins[bin];
        return bin;
    }
}
