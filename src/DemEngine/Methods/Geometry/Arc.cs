namespace DemEngine.Methods.Geometry;

/// <summary>Coefficients of points on the arc between two vectors.</summary>
internal static class Arc
{
    /// <summary>
    /// sin((1 − t)·Ω)/sin Ω and sin(t·Ω)/sin Ω, Ω being the angle between the vectors (Shoemake, "Animating rotation with quaternion
    /// curves", SIGGRAPH 1985); 1 − t and t where there is no angle to speak of.
    /// </summary>
    /// <param name="t">0 the first vector, 1 the second.</param>
    /// <param name="cosine">Of Ω; NaN if a vector is zero.</param>
    /// <param name="nearlyCollinear">What lies beyond, or beyond its opposite, counts as collinear: sin Ω is too small to divide by.</param>
    public static (double First, double Second) At(double t, double cosine, double nearlyCollinear)
    {
        if (!(Math.Abs(cosine) <= nearlyCollinear))
            return (1 - t, t);

        double angle = Math.Acos(cosine);
        return (Math.Sin((1 - t) * angle) / Math.Sin(angle), Math.Sin(t * angle) / Math.Sin(angle));
    }
}
