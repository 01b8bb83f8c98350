using ILGPU;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// The values of eight neighbouring elements, which a thread works on together. They are fields, which become registers; an array
/// would lie in local memory.
/// </summary>
internal struct Eight
{
    public double E0;
    public double E1;
    public double E2;
    public double E3;
    public double E4;
    public double E5;
    public double E6;
    public double E7;

    public Eight(double e0, double e1, double e2, double e3, double e4, double e5, double e6, double e7)
    {
        E0 = e0;
        E1 = e1;
        E2 = e2;
        E3 = e3;
        E4 = e4;
        E5 = e5;
        E6 = e6;
        E7 = e7;
    }

    /// <summary>Number of elements in a group.</summary>
    public const int Count = 8;

    /// <summary>Computes sum + w·x. The product may or may not be rounded, so this is only for products that are exact.</summary>
    public static Eight MultiplyAddExact(Eight sum, double w, Eight x) => new(
        sum.E0 + (w * x.E0), sum.E1 + (w * x.E1), sum.E2 + (w * x.E2), sum.E3 + (w * x.E3),
        sum.E4 + (w * x.E4), sum.E5 + (w * x.E5), sum.E6 + (w * x.E6), sum.E7 + (w * x.E7));

    /// <summary>Computes sum + w·x, where each product is rounded before the addition.</summary>
    /// <param name="sum">Values to which the products are added.</param>
    /// <param name="w">Weight of the values.</param>
    /// <param name="x">Values to multiply by the weight.</param>
    /// <param name="zero">The number 0, taken from the kernel's arguments. See <see cref="Rounded"/>.</param>
    public static Eight MultiplyAddRounded(Eight sum, double w, Eight x, ulong zero) => new(
        sum.E0 + Rounded(w * x.E0, zero),
        sum.E1 + Rounded(w * x.E1, zero),
        sum.E2 + Rounded(w * x.E2, zero),
        sum.E3 + Rounded(w * x.E3, zero),
        sum.E4 + Rounded(w * x.E4, zero),
        sum.E5 + Rounded(w * x.E5, zero),
        sum.E6 + Rounded(w * x.E6, zero),
        sum.E7 + Rounded(w * x.E7, zero));

    /// <summary>Computes x − y, rounded to double where it is not exact.</summary>
    public static Eight Subtract(Eight x, Eight y) => new(
        x.E0 - y.E0, x.E1 - y.E1, x.E2 - y.E2, x.E3 - y.E3, x.E4 - y.E4, x.E5 - y.E5, x.E6 - y.E6, x.E7 - y.E7);

    /// <summary>Rounds to binary32.</summary>
    public static EightFloats Narrow(Eight x) => new(
        (float)x.E0, (float)x.E1, (float)x.E2, (float)x.E3, (float)x.E4, (float)x.E5, (float)x.E6, (float)x.E7);

    /// <summary>Adds one number y to each value of x.</summary>
    public static Eight Add(Eight x, double y) => new(
        x.E0 + y, x.E1 + y, x.E2 + y, x.E3 + y, x.E4 + y, x.E5 + y, x.E6 + y, x.E7 + y);

    /// <summary>
    /// Keeps a product from being fused with the addition that follows: its bits pass through an exclusive or with a number that
    /// only the launch knows. ILGPU cannot emit <c>mul.rn</c>, and the driver may contract a plain <c>mul</c>.
    /// </summary>
    public static double Rounded(double product, ulong zero) => Interop.IntAsFloat(Interop.FloatAsInt(product) ^ zero);
}
