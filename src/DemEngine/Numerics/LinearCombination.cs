using System.Collections.Immutable;

namespace DemEngine.Numerics;

/// <summary>Form in which a term enters a <see cref="LinearCombination"/>.</summary>
public enum TermKind : byte
{
    /// <summary>Term w·x of a whole tensor or of a stored distribution vector.</summary>
    Plain,

    /// <summary>Term w·(x − b) of a tuned tensor relative to the base.</summary>
    RelativeToBase,
}

/// <summary>One input with its coefficient.</summary>
/// <param name="Weight">Coefficient with all factors of the recipe folded in, rounded once to binary32.</param>
/// <param name="Kind">Form of the term, which says whether the base is subtracted.</param>
public readonly record struct Term(float Weight, TermKind Kind);

/// <summary>
/// Elementwise sum that computes a merge, y = [b +] Σ wᵢ·xᵢ or wᵢ·(xᵢ − b), with its arithmetic defined to the bit. acc starts as
/// b, or as 0. For each term in order, acc += w·x and, for a term relative to the base, acc −= w·b. All of it is computed in
/// double, where products of binary32 values are exact. acc is rounded once to the output type, to nearest even.
/// </summary>
/// <remarks>Inputs are given in this order: the base, if <see cref="UsesBase"/>, then one input for each term.</remarks>
public sealed class LinearCombination : Combination
{
    /// <summary>Creates a combination.</summary>
    /// <param name="startsFromBase">Whether the sum starts as b rather than as 0.</param>
    /// <param name="terms">The terms, in the order in which they are added.</param>
    public LinearCombination(bool startsFromBase, params ImmutableArray<Term> terms)
    {
        StartsFromBase = startsFromBase;
        Terms = terms;
        UsesBase = startsFromBase || terms.Any(term => term.Kind == TermKind.RelativeToBase);
    }

    /// <summary>Combination that is the base itself, rounded to the output type.</summary>
    public static LinearCombination BaseAlone { get; } = new(startsFromBase: true);

    /// <summary>Combination x − b, which computes a distribution vector.</summary>
    public static LinearCombination Difference { get; } = new(startsFromBase: false, new Term(1, TermKind.RelativeToBase));

    /// <summary>Combination b + d, which restores a model from its distribution vector.</summary>
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
