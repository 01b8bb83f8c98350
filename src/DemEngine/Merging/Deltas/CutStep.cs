using DemEngine.Methods;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Deltas;

/// <summary>
/// How far one cut has been found: the window in which its key lies, which each pass narrows, and how many elements in the window are still
/// to be above it.
/// </summary>
/// <param name="Window">Where its key lies.</param>
/// <param name="Wanted">How many of the window's elements are above it, at least 1.</param>
/// <param name="Found">The cut, once it is found. Where it divides ties, it is not.</param>
internal readonly record struct CutStep(KeyWindow Window, long Wanted, Cut? Found)
{
    private const int CoarseShift = 15;

    /// <summary>The window of the first pass: all keys by their upper 16 bits.</summary>
    public static KeyWindow Everything(int stream) => new(stream, 0, CoarseShift, 1 << (31 - CoarseShift));

    /// <summary>The window that counts nothing but zeros.</summary>
    public static KeyWindow Zeros(int stream) => new(stream, 0, 0, 1);

    /// <summary>What is known without looking: of none or of all elements.</summary>
    public static CutStep Start(CutRequest request, KeyTotals totals)
    {
        long largest = request.Largest(totals);
        Cut? known = largest <= 0 ? Cut.AboveAll : request.DividesTies && largest >= totals.Elements ? Cut.BelowAll : null;
        return new CutStep(Everything(request.Stream), largest, known);
    }

    /// <summary>Narrows the window to one of its bins, which holds the wanted element counted from the top.</summary>
    public CutStep Narrow(ReadOnlySpan<long> bins, bool dividesTies)
    {
        if (Found is not null)
            return this;

        int bin = bins.Length - 1;
        long wanted = Wanted;
        for (; wanted > bins[bin]; bin--)
            wanted -= bins[bin];

        uint first = Window.First + ((uint)bin << Window.Shift);
        if (Window.Shift > 0)
            return new CutStep(new KeyWindow(Window.Stream, first, 0, 1 << Window.Shift), wanted, null);

        // Zeros are dropped or kept alike: they stay zeros.
        bool takesAll = first == 0 || !dividesTies || wanted == bins[bin];
        return new CutStep(new KeyWindow(Window.Stream, first, 0, 1), wanted, takesAll ? new Cut(first, long.MaxValue) : null);
    }
}
