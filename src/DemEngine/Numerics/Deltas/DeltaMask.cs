namespace DemEngine.Numerics.Deltas;

/// <summary>
/// What becomes of a source's differences δ from the base before they are mixed: D. A small closed family; <c>index</c> is that of the
/// element in the flattened tensor.
/// </summary>
internal abstract record DeltaMask
{
    private protected DeltaMask()
    {
    }

    /// <summary>D = δ.</summary>
    public static DeltaMask None { get; } = new KeepAll();

    /// <summary>Whether the elements' ranks in their rows are needed, as an input of their own.</summary>
    public virtual bool NeedsRanks => false;
}

/// <summary>D = δ.</summary>
internal sealed record KeepAll : DeltaMask;

/// <summary>Those of which the key of |δ| is above one cut and not above another; the others are +0.</summary>
/// <param name="Least">What is below it is dropped.</param>
/// <param name="Most">What is above it is dropped.</param>
internal sealed record MagnitudeMask(Threshold Least, Threshold Most) : DeltaMask;

/// <summary>Those of which the word at the element's index in a <see cref="Philox"/> stream is less than a threshold; the others are +0.</summary>
/// <param name="Stream">Key of the stream.</param>
/// <param name="Threshold">2³² times the probability to be kept; 2³² for all.</param>
internal sealed record BernoulliMask(ulong Stream, ulong Threshold) : DeltaMask;

/// <summary>
/// As <see cref="BernoulliMask"/>, with a probability that rises with the element's rank in its row, 0 for the smallest |δ| and
/// row length − 1 for the largest: threshold = <paramref name="Lowest"/> + ⌊<paramref name="Step"/>·rank / 2³⁰⌋.
/// </summary>
/// <param name="Stream">Key of the stream.</param>
/// <param name="Lowest">2³² times the probability at rank 0.</param>
/// <param name="Step">2⁶² times what each rank adds to it; times the highest rank less than 2⁶³.</param>
/// <param name="IsUnbiased">Whether what is kept is divided by its probability: D = binary32(δ·2³² / threshold), the quotient in binary64.</param>
internal sealed record MagPruneMask(ulong Stream, ulong Lowest, ulong Step, bool IsUnbiased) : DeltaMask
{
    /// <inheritdoc/>
    public override bool NeedsRanks => true;

    /// <summary>2³² times the probability to be kept.</summary>
    public ulong Threshold(uint rank) => Lowest + ((Step * rank) >> 30);
}

/// <summary>Those of which the key of binary32(|δ|·f) is above a cut, f being a factor of the element's row; the others are +0.</summary>
/// <param name="Factors">Of the rows.</param>
/// <param name="Least">What is below it is dropped.</param>
internal sealed record ImportanceMask(RowFactors Factors, Threshold Least) : DeltaMask;

/// <summary>D is δ, but of no larger magnitude than a limit; NaN stays NaN.</summary>
/// <param name="Limit">Not negative.</param>
internal sealed record LimitMask(float Limit) : DeltaMask;

/// <summary>One number for each row.</summary>
/// <param name="RowElements">Elements in a row.</param>
/// <param name="Values">One for each row of the tensor.</param>
internal sealed record RowFactors(long RowElements, float[] Values);
