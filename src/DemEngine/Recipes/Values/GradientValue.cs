using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>
/// A gradient: numbers spread evenly over the layers, from the first layer to the last, with linear interpolation between them; a
/// single number is the same everywhere. The interpolation is mergekit's.
/// </summary>
public sealed record GradientValue : UnconditionalValue
{
    /// <summary>Creates a gradient.</summary>
    /// <param name="points">Numbers of the gradient, first layer first; at least one, all finite.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentException">No number was given, or one is infinite or not a number.</exception>
    public GradientValue(ValueList<double> points, SourceLocation? place = null)
        : base(place ?? SourceLocation.None)
    {
        if (points.Count == 0) throw new ArgumentException("A gradient has at least one number.", nameof(points));
        if (!points.All(double.IsFinite)) throw new ArgumentException("A gradient has finite numbers.", nameof(points));
        Points = points;
    }

    /// <summary>The numbers of the gradient, first layer first.</summary>
    public ValueList<double> Points { get; }

    internal override string Found => "a list of numbers";

    internal override NumberValue AtDepth(double t)
    {
        double scaled = t * (Points.Count - 1);
        int lower = (int)scaled;
        int upper = Math.Min(Points.Count - 1, lower + 1);
        double fraction = scaled - lower;
        return new NumberValue(((1 - fraction) * Points[lower]) + (fraction * Points[upper]), Place);
    }
}
