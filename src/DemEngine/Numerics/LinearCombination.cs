using System.Collections.Immutable;

namespace DemEngine.Numerics;

/// <summary>How a term enters a <see cref="LinearCombination"/>.</summary>
public enum TermKind : byte
{
    /// <summary>w·x, of a whole tensor or of a stored distribution vector.</summary>
    Plain,

    /// <summary>w·(x − b), of a tuned tensor relative to the base.</summary>
    RelativeToBase,
}

/// <summary>One input with its coefficient.</summary>
/// <param name="Weight">The coefficient, all the recipe's factors folded in, rounded once to binary32.</param>
/// <param name="Kind">Whether the base is subtracted.</param>
public readonly record struct Term(float Weight, TermKind Kind);

/// <summary>
/// The elementwise sum that a merge comes down to, y = [b +] Σ wᵢ·xᵢ or wᵢ·(xᵢ − b), with its arithmetic fixed to the bit:
/// acc starts as b, or as 0; then for each term in order acc += w·x and, for a term relative to the base, acc −= w·b;
/// everything in double, products of binary32 values being exact there; acc is rounded once to the output type, nearest even.
/// </summary>
/// <remarks>Inputs are given in this order: the base, if <see cref="UsesBase"/>, then one for each term.</remarks>
public sealed class LinearCombination : Combination
{
    /// <summary>Makes a combination.</summary>
    /// <param name="startsFromBase">Whether the sum starts as b rather than as 0.</param>
    /// <param name="terms">The terms, in the order in which they are added.</param>
    public LinearCombination(bool startsFromBase, params ImmutableArray<Term> terms)
    {
        StartsFromBase = startsFromBase;
        Terms = terms;
        UsesBase = startsFromBase || terms.Any(term => term.Kind == TermKind.RelativeToBase);
    }

    /// <summary>The base as it is, rounded to the output type.</summary>
    public static LinearCombination BaseAlone { get; } = new(startsFromBase: true);

    /// <summary>x − b: a distribution vector.</summary>
    public static LinearCombination Difference { get; } = new(startsFromBase: false, new Term(1, TermKind.RelativeToBase));

    /// <summary>b + d: a model from its distribution vector.</summary>
    public static LinearCombination BaseAndDifference { get; } = new(startsFromBase: true, new Term(1, TermKind.Plain));

    /// <summary>Whether the sum starts as b rather than as 0.</summary>
    public bool StartsFromBase { get; }

    /// <summary>The terms, in the order in which they are added.</summary>
    public ImmutableArray<Term> Terms { get; }

    /// <summary>Whether the first input is the base.</summary>
    public bool UsesBase { get; }

    /// <summary>Number of inputs.</summary>
    public int InputCount => Terms.Length + (UsesBase ? 1 : 0);
}
