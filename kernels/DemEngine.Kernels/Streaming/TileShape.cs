using DemEngine.Kernels.Elements;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Layout of a part of a tile in a buffer of device memory, and in its page-locked counterpart: terms, inputs, the data that is
/// copied back, and, where the inputs are not of one type, their converted copies.
/// </summary>
/// <remarks>Every section starts at a multiple of 16 bytes and has space for whole groups of eight elements.</remarks>
internal sealed class TileShape
{
    private const int Alignment = 16;

    private readonly Func<int, long> _resultBytes;

    /// <summary>Computes the layout.</summary>
    /// <param name="types">Element types of the inputs.</param>
    /// <param name="terms">Number of terms.</param>
    /// <param name="resultBytes">Function from a number of elements to the size of their result in bytes.</param>
    /// <param name="needsOneType">Whether the kernel reads inputs of one type only.</param>
    public TileShape(ElementType[] types, int terms, Func<int, long> resultBytes, bool needsOneType)
    {
        _resultBytes = resultBytes;
        Types = types;
        Common = types.Length == 0 ? ElementType.F32 : types[0];
        IsMixed = needsOneType && types.Any(type => type != Common);

        // Either type holds every value of the other inputs exactly.
        if (IsMixed)
            Common = types.Contains(ElementType.F64) ? ElementType.F64 : ElementType.F32;

        InputsAt = ScrapAt + Alignment + ((long)terms * Alignment);
    }

    /// <summary>Element types of the inputs.</summary>
    public ElementType[] Types { get; }

    /// <summary>Whether inputs have to be converted to one type.</summary>
    public bool IsMixed { get; }

    /// <summary>The type that the kernel reads, if it reads one type only.</summary>
    public ElementType Common { get; }

    /// <summary>Offset in bytes of memory for counts that nobody reads.</summary>
    public static long ScrapAt => 0;

    /// <summary>Offset of the terms in bytes.</summary>
    public static long TermsAt => Alignment;

    /// <summary>Offset of the first input in bytes.</summary>
    public long InputsAt { get; }

    /// <summary>Distance in bytes between consecutive inputs of one type, or converted to one type.</summary>
    public static long Stride(ElementType type, int elements)
    {
        long groups = ((long)elements + Eight.Count - 1) / Eight.Count;
        return Align(groups * Eight.Count * type.Size);
    }

    /// <summary>Offset of an input in bytes.</summary>
    public long InputAt(int input, int elements)
    {
        long at = InputsAt;
        for (int k = 0; k < input; k++)
            at += Stride(Types[k], elements);
        return at;
    }

    /// <summary>Offset in bytes of the data that is copied back: the counts, then the result.</summary>
    public long ResultAt(int elements) => InputAt(Types.Length, elements);

    /// <summary>Size in bytes of the counts before the result.</summary>
    public static int CountBytes => Alignment;

    /// <summary>Offset in bytes of the inputs that the kernel reads.</summary>
    public long KernelInputsAt(int elements) => IsMixed ? ResultEnd(elements) : InputsAt;

    /// <summary>Size of a buffer in bytes that a number of elements needs.</summary>
    public long Bytes(int elements) => ResultEnd(elements) + (IsMixed ? Types.Length * Stride(Common, elements) : 0);

    /// <summary>Parameters of a combination of inputs that lie as this layout says.</summary>
    public CombineShape Combine(LinearCombination combination, int elements) => new()
    {
        Elements = elements,
        Stride = Stride(Common, elements) / TileBuffers.WordBytes,
        Terms = combination.Terms.Length,
        UsesBase = combination.UsesBase ? 1 : 0,
        StartsFromBase = combination.StartsFromBase ? 1 : 0,
        ErrorScale = SingleCombineKernel.ErrorScale(combination.Terms.Length),
        HasShortWeights = ExactSingleSum.HasShortWeights(combination) ? 1 : 0,
    };

    /// <summary>Maximum number of elements, up to the given one, that fit a buffer: a whole number of leaves, or all.</summary>
    /// <returns>The number of elements; 0 if not even one leaf fits.</returns>
    public int Fit(int elements, long capacity)
    {
        if (Bytes(elements) <= capacity)
            return elements;

        int fits = 0;
        int tooMany = GramOrder.LeafCount(elements);
        while (tooMany - fits > 1)
        {
            int middle = fits + ((tooMany - fits) / 2);
            if (Bytes(middle * GramOrder.LeafElements) <= capacity)
                fits = middle;
            else
                tooMany = middle;
        }

        return fits * GramOrder.LeafElements;
    }

    private long ResultEnd(int elements) => ResultAt(elements) + CountBytes + Align(_resultBytes(elements));

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
