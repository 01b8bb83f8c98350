namespace DemEngine.Methods.Geometry;

/// <summary>Computes the coefficients of points on the arc between two vectors.</summary>
internal static class Arc
{
    /// <summary>
    /// Computes the coefficients sin((1 − t)·Ω)/sin Ω and sin(t·Ω)/sin Ω, Ω being the angle between the vectors (Shoemake,
    /// "Animating rotation with quaternion curves", SIGGRAPH 1985), or 1 − t and t where the vectors are nearly collinear or one
    /// is zero.
    /// </summary>
    /// <param name="t">Position on the arc: 0 is the first vector, 1 the second.</param>
    /// <param name="cosine">Cosine of Ω; NaN if a vector is zero.</param>
    /// <param name="nearlyCollinear">
    /// Limit for |cos Ω| above which the vectors count as collinear, since sin Ω is too small to divide by.
    /// </param>
    public static (double First, double Second) At(double t, double cosine, double nearlyCollinear)
    {
        if (!(Math.Abs(cosine) <= nearlyCollinear))
            return (1 - t, t);

        double angle = Math.Acos(cosine);
        return (Math.Sin((1 - t) * angle) / Math.Sin(angle), Math.Sin(t * angle) / Math.Sin(angle));
    }
}
