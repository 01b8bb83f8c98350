using DemEngine.Kernels.Elements;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// How a part of a tile lies in a buffer of device memory, and the same way in its page-locked counterpart: terms, inputs, what is
/// copied back, and inputs converted to one type where they are not of one.
/// </summary>
/// <remarks>Everything starts at a multiple of 16 bytes and has room for whole groups of eight elements.</remarks>
internal sealed class TileShape
{
    private const int Alignment = 16;

    private readonly Func<int, long> _resultBytes;

    /// <summary>Lays out parts.</summary>
    /// <param name="types">Of the inputs.</param>
    /// <param name="terms">Number of terms.</param>
    /// <param name="resultBytes">What so many elements give back.</param>
    /// <param name="needsOneType">Whether the kernel reads inputs of one type only.</param>
    public TileShape(ElementType[] types, int terms, Func<int, long> resultBytes, bool needsOneType)
    {
        _resultBytes = resultBytes;
        Types = types;
        Common = types.Length == 0 ? ElementType.F32 : types[0];
        IsMixed = needsOneType && types.Any(type => type != Common);

        // Either holds every value of the others exactly.
        if (IsMixed)
            Common = types.Contains(ElementType.F64) ? ElementType.F64 : ElementType.F32;

        InputsAt = ScrapAt + Alignment + ((long)terms * Alignment);
    }

    /// <summary>The inputs' types.</summary>
    public ElementType[] Types { get; }

    /// <summary>Whether inputs have to be converted.</summary>
    public bool IsMixed { get; }

    /// <summary>The type that the kernel reads, if it reads one.</summary>
    public ElementType Common { get; }

    /// <summary>Where counts go that nobody asks for.</summary>
    public static long ScrapAt => 0;

    /// <summary>Where the terms are.</summary>
    public static long TermsAt => Alignment;

    /// <summary>Where the inputs start.</summary>
    public long InputsAt { get; }

    /// <summary>Bytes from one input to the next, if all are of one type or were converted to one.</summary>
    public static long Stride(ElementType type, int elements)
    {
        long groups = ((long)elements + Eight.Count - 1) / Eight.Count;
        return Align(groups * Eight.Count * type.Size);
    }

    /// <summary>Where an input starts.</summary>
    public long InputAt(int input, int elements)
    {
        long at = InputsAt;
        for (int k = 0; k < input; k++)
            at += Stride(Types[k], elements);
        return at;
    }

    /// <summary>Where what is copied back starts: the counts, then the result.</summary>
    public long ResultAt(int elements) => InputAt(Types.Length, elements);

    /// <summary>Bytes of the counts before the result.</summary>
    public static int CountBytes => Alignment;

    /// <summary>Where the inputs lie that the kernel reads.</summary>
    public long KernelInputsAt(int elements) => IsMixed ? ResultEnd(elements) : InputsAt;

    /// <summary>Bytes that so many elements need.</summary>
    public long Bytes(int elements) => ResultEnd(elements) + (IsMixed ? Types.Length * Stride(Common, elements) : 0);

    /// <summary>The most elements, up to so many, that fit a buffer: a whole number of leaves, or all.</summary>
    /// <returns>0 if not one leaf fits.</returns>
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
