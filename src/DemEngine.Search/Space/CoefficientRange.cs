using System.Globalization;
using DemEngine.Errors;

namespace DemEngine.Search.Space;

/// <summary>The values that a coefficient may take, and the grid over them: low, low + step … up to high.</summary>
public sealed record CoefficientRange
{
    // A step that does not divide the range by a rounding error of its own still reaches the end.
    private const double Slack = 1e-9;

    private CoefficientRange(double low, double high, double step)
    {
        Low = low;
        High = high;
        Step = step;
    }

    /// <summary>The least value.</summary>
    public double Low { get; }

    /// <summary>The largest value.</summary>
    public double High { get; }

    /// <summary>Between neighbouring values of the grid.</summary>
    public double Step { get; }

    /// <summary>Number of values of the grid.</summary>
    public long GridCount => (long)Math.Floor(((High - Low) / Step) + Slack) + 1;

    /// <summary>0 to 1 in tenths.</summary>
    public static CoefficientRange Default { get; } = new(0, 1, 0.1);

    /// <summary>Makes a range.</summary>
    /// <exception cref="DemException">DEM1001: it is empty, or finer than <see cref="SearchPoint.Resolution"/>.</exception>
    public static CoefficientRange Of(double low, double high, double step)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || !(low <= high))
            throw new DemException(ErrorCode.BadArgument, Invariant($"the range {low}:{high}:{step} is empty: its start lies beyond its end"));
        if (!double.IsFinite(step) || step < SearchPoint.Resolution)
            throw new DemException(ErrorCode.BadArgument, Invariant($"the range {low}:{high}:{step}: its step is not a number from {SearchPoint.Resolution}"));
        return new CoefficientRange(low, high, step);
    }

    /// <summary>Reads <c>low:high:step</c>, such as <c>0:1:0.1</c>.</summary>
    /// <exception cref="DemException">DEM1001.</exception>
    public static CoefficientRange Parse(string text)
    {
        string[] parts = text.Split(':');
        var numbers = new double[3];
        if (parts.Length != 3 || !parts.Select((part, k) => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[k])).All(read => read))
            throw new DemException(ErrorCode.BadArgument, $"{Quoted.Name(text)} is not a range low:high:step such as 0:1:0.1");
        return Of(numbers[0], numbers[1], numbers[2]);
    }

    /// <summary>A value of the grid.</summary>
    /// <param name="index">From 0.</param>
    public double At(long index) => Low + (index * Step);

    /// <summary>The value of the grid that lies nearest.</summary>
    public double Nearest(double value) => At((long)Math.Clamp(Math.Round((value - Low) / Step), 0, GridCount - 1));

    /// <summary>Whether a value lies within.</summary>
    public bool Contains(double value) => value >= Low - (Slack * Step) && value <= High + (Slack * Step);

    /// <inheritdoc/>
    public override string ToString() => Invariant($"{Low}:{High}:{Step}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
