namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// A bound on the error of a sum in binary32, as factors: that of the result's size and that of each term's. See
/// <see cref="ProductSumKernel{TInput, TOutput, TWidth, TVector}"/>.
/// </summary>
/// <param name="OfSum">Factor of |acc|.</param>
/// <param name="OfTerms">Factor of the sizes of the terms, |w·d|, and of the estimate, |p|.</param>
internal readonly record struct SumError(float OfSum, float OfTerms)
{
    private const float Unit = 1f / (1 << 24);

    /// <summary>The bound for a sum of stored terms and an estimate.</summary>
    /// <param name="storedTerms">Number of terms that have a source.</param>
    /// <param name="isBaseChanged">Whether the sum starts from a base that is changed.</param>
    public static SumError Of(int storedTerms, bool isBaseChanged)
    {
        // An eighth covers the terms of second order, and the rounding of the bound itself.
        if (storedTerms == 0 && !isBaseChanged)
            return new SumError(1.125f * Unit, 0);
        float relative = (storedTerms + 7) * Unit;
        return new SumError(relative, 2 * relative);
    }
}
