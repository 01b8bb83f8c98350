namespace DemEngine.Kernels.Elements;

/// <summary>The values of eight neighbouring elements in binary32, as <see cref="Eight"/> has them in binary64.</summary>
internal struct EightFloats
{
    public float E0;
    public float E1;
    public float E2;
    public float E3;
    public float E4;
    public float E5;
    public float E6;
    public float E7;

    public EightFloats(float e0, float e1, float e2, float e3, float e4, float e5, float e6, float e7)
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

    /// <summary>Eight times the same number.</summary>
    public static EightFloats All(float x) => new(x, x, x, x, x, x, x, x);

    /// <summary>Computes x − y, rounded to binary32.</summary>
    public static EightFloats Subtract(EightFloats x, EightFloats y) => new(
        x.E0 - y.E0, x.E1 - y.E1, x.E2 - y.E2, x.E3 - y.E3, x.E4 - y.E4, x.E5 - y.E5, x.E6 - y.E6, x.E7 - y.E7);

    /// <summary>Adds one number y to each value of x.</summary>
    public static EightFloats Add(EightFloats x, float y) => new(
        x.E0 + y, x.E1 + y, x.E2 + y, x.E3 + y, x.E4 + y, x.E5 + y, x.E6 + y, x.E7 + y);

    /// <summary>Computes sum + w·x, where the product may or may not be rounded first.</summary>
    public static EightFloats MultiplyAdd(EightFloats sum, float w, EightFloats x) => new(
        sum.E0 + (w * x.E0), sum.E1 + (w * x.E1), sum.E2 + (w * x.E2), sum.E3 + (w * x.E3),
        sum.E4 + (w * x.E4), sum.E5 + (w * x.E5), sum.E6 + (w * x.E6), sum.E7 + (w * x.E7));

    /// <summary>Computes |x|.</summary>
    public static EightFloats Abs(EightFloats x) => new(
        Math.Abs(x.E0), Math.Abs(x.E1), Math.Abs(x.E2), Math.Abs(x.E3),
        Math.Abs(x.E4), Math.Abs(x.E5), Math.Abs(x.E6), Math.Abs(x.E7));

    /// <summary>Widens, which is exact.</summary>
    public static Eight Widen(EightFloats x) => new(x.E0, x.E1, x.E2, x.E3, x.E4, x.E5, x.E6, x.E7);
}
