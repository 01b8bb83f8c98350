using System.Globalization;

namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Mask that turns a source's differences δ from the base into D before they are combined. The masks are a small closed family;
/// each is here, in the processor's <c>MaskKernel</c> and in the devices' <c>DeviceMask</c>. <c>index</c> is that of the element
/// in the flattened tensor. A difference that is not finite is kept as it is by every mask, so that it shows in the result.
/// </summary>
internal abstract record DeltaMask
{
    private protected DeltaMask()
    {
    }

    /// <summary>Mask that keeps every difference: D = δ.</summary>
    public static DeltaMask None { get; } = new KeepAll();

    /// <summary>Whether the mask needs the elements' ranks in their rows, as an input of their own.</summary>
    public virtual bool NeedsRanks => false;

    /// <summary>Factors of the rows that the mask needs; null for none.</summary>
    public virtual RowFactors? Factors => null;

    /// <summary>Writes D as a formula, or returns null where it depends on a statistic.</summary>
    /// <param name="difference">Formula of δ.</param>
    /// <param name="rowElements">Number of elements in a row.</param>
    public abstract string? Formula(string difference, long rowElements);

    private protected static string Number(float value) => value.ToString("g6", CultureInfo.InvariantCulture);

    /// <summary>Writes a probability times 2³² as a percentage.</summary>
    private protected static string Percent(ulong threshold) =>
        string.Create(CultureInfo.InvariantCulture, $"{threshold * (100 / 4294967296.0):0.##} %");
}

/// <summary>Mask that keeps every difference: D = δ.</summary>
internal sealed record KeepAll : DeltaMask
{
    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) => difference;
}

/// <summary>
/// Mask that keeps the differences whose key of |δ| is above <paramref name="Least"/> and not above <paramref name="Most"/>; the
/// others become +0.
/// </summary>
/// <param name="Least">Lower threshold; differences that are not above it are dropped.</param>
/// <param name="Most">Upper threshold; differences above it are dropped.</param>
internal sealed record MagnitudeMask(Threshold Least, Threshold Most) : DeltaMask
{
    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) => this switch
    {
        { Most: var most } when most != Threshold.AboveAll => null,
        { Least: var least } when least == Threshold.AboveAll => "0",
        { Least: { LastTie: -1, Key: var key } } => $"larger({difference}, {Number(BitConverter.UInt32BitsToSingle(key))})",
        _ => null,
    };
}

/// <summary>
/// Mask that keeps the differences whose word, at the element's index in a <see cref="Philox"/> stream, is less than
/// <paramref name="Threshold"/>; the others become +0.
/// </summary>
/// <param name="Stream">Key of the random stream.</param>
/// <param name="Threshold">Probability of keeping a difference, times 2³²; 2³² keeps all.</param>
internal sealed record BernoulliMask(ulong Stream, ulong Threshold) : DeltaMask
{
    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) => $"keep({difference}, {Percent(Threshold)})";
}

/// <summary>
/// Mask like <see cref="BernoulliMask"/>, with a probability that rises with the element's rank in its row, 0 for the smallest
/// |δ| and row length − 1 for the largest: threshold = <paramref name="Lowest"/> + ⌊<paramref name="Step"/>·rank / 2³⁰⌋.
/// </summary>
/// <param name="Stream">Key of the random stream.</param>
/// <param name="Lowest">Probability at rank 0, times 2³².</param>
/// <param name="Step">
/// Increase of the probability from rank to rank, times 2⁶². The product with the highest rank is less than 2⁶³.
/// </param>
/// <param name="IsUnbiased">
/// Whether a kept difference is divided by its probability: D = binary32(δ·2³² / threshold), with the quotient in binary64.
/// </param>
internal sealed record MagPruneMask(ulong Stream, ulong Lowest, ulong Step, bool IsUnbiased) : DeltaMask
{
    /// <inheritdoc/>
    public override bool NeedsRanks => true;

    /// <summary>Probability of keeping an element of rank <paramref name="rank"/>, times 2³².</summary>
    public ulong Threshold(uint rank) => Lowest + ((Step * rank) >> 30);

    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) =>
        $"keep({difference}, {Percent(Threshold(0))} to {Percent(Threshold((uint)(rowElements - 1)))}"
            + $"{(IsUnbiased ? ", rescaled" : "")})";
}

/// <summary>
/// Mask that keeps the differences whose key of binary32(|δ|·f) is above <paramref name="Least"/>, where f is the factor of the
/// element's row; the others become +0.
/// </summary>
/// <param name="Factors">Factors of the rows.</param>
/// <param name="Least">Lower threshold; differences that are not above it are dropped.</param>
internal sealed record ImportanceMask(RowFactors Factors, Threshold Least) : DeltaMask
{
    /// <inheritdoc/>
    public override RowFactors Factors { get; } = Factors;

    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) => null;
}

/// <summary>Mask that limits magnitudes: D is δ, but of no larger magnitude than a limit.</summary>
/// <param name="Limit">Maximum magnitude, not negative.</param>
internal sealed record LimitMask(float Limit) : DeltaMask
{
    /// <inheritdoc/>
    public override string? Formula(string difference, long rowElements) => $"limit({difference}, {Number(Limit)})";
}

/// <summary>A factor for each row of a tensor.</summary>
/// <param name="RowElements">Number of elements in a row.</param>
/// <param name="Values">Factors, one for each row of the tensor.</param>
internal sealed record RowFactors(long RowElements, float[] Values);
