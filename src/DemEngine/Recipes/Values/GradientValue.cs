using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>
/// Numbers spread evenly over the layers, the first at the first layer and the last at the last, with straight lines between
/// them; a single number is the same everywhere. The interpolation is mergekit's.
/// </summary>
public sealed record GradientValue : UnconditionalValue
{
    /// <summary>Makes a gradient.</summary>
    /// <param name="points">At least one number, all finite.</param>
    /// <param name="place">Where it stands; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentException">There is no number, or one is infinite or not a number.</exception>
    public GradientValue(ValueList<double> points, SourceLocation? place = null)
        : base(place ?? SourceLocation.None)
    {
        if (points.Count == 0) throw new ArgumentException("A gradient has at least one number.", nameof(points));
        if (!points.All(double.IsFinite)) throw new ArgumentException("A gradient has finite numbers.", nameof(points));
        Points = points;
    }

    /// <summary>The numbers, first layer first.</summary>
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
