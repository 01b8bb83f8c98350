using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels;

/// <summary>
/// One term of a linear combination in the form that kernels read with one load of 16 bytes: the weight, the factor of |d| in the
/// error bound of a sum in binary32, and whether the term is relative to the base.
/// </summary>
internal static class DeviceTerm
{
    /// <summary>Size of a term in bytes.</summary>
    public const int Bytes = 16;

    /// <summary>Converts a term to the form that kernels read.</summary>
    /// <param name="term">Weight and kind.</param>
    /// <param name="errorScale">Factor of |w·d| in the error bound.</param>
    public static Words4 Of(Term term, float errorScale) => new(
        BitConverter.SingleToUInt32Bits(term.Weight),
        BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(term.Weight)),
        term.Kind == TermKind.RelativeToBase ? 1u : 0,
        0);

    public static float Weight(Words4 term) => Interop.IntAsFloat(term.W0);

    public static float Error(Words4 term) => Interop.IntAsFloat(term.W1);

    /// <summary>Whether w·b is subtracted.</summary>
    public static bool IsRelative(Words4 term) => term.W2 != 0;
}
