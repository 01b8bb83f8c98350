using System.Globalization;
using DemEngine.Errors;

namespace DemEngine.Search.Space;

/// <summary>The values that a coefficient may take, and the grid over them: low, low + step … up to high.</summary>
public sealed record CoefficientRange
{
    // If the range is not an exact multiple of the step only because of rounding, the grid still reaches its end.
    private const double Slack = 1e-9;

    private CoefficientRange(double low, double high, double step)
    {
        Low = low;
        High = high;
        Step = step;
    }

    /// <summary>Minimum value.</summary>
    public double Low { get; }

    /// <summary>Maximum value.</summary>
    public double High { get; }

    /// <summary>Distance between neighbouring values of the grid.</summary>
    public double Step { get; }

    /// <summary>Number of values in the grid.</summary>
    public long GridCount => (long)Math.Floor(((High - Low) / Step) + Slack) + 1;

    /// <summary>Default range: 0 to 1 in steps of 0.1.</summary>
    public static CoefficientRange Default { get; } = new(0, 1, 0.1);

    /// <summary>Makes a range.</summary>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the range is empty, or its step is finer than <see cref="SearchPoint.Resolution"/>.
    /// </exception>
    public static CoefficientRange Of(double low, double high, double step)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || !(low <= high))
            throw new DemException(
                ErrorCode.BadArgument, Invariant($"the range {low}:{high}:{step} is empty: its start lies beyond its end"));
        if (!double.IsFinite(step) || step < SearchPoint.Resolution)
            throw new DemException(
                ErrorCode.BadArgument,
                Invariant($"the range {low}:{high}:{step}: its step is not a number from {SearchPoint.Resolution}"));
        return new CoefficientRange(low, high, step);
    }

    /// <summary>Parses <c>low:high:step</c>, such as <c>0:1:0.1</c>.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the text is not a range, or not a valid one.</exception>
    public static CoefficientRange Parse(string text)
    {
        string[] parts = text.Split(':');
        var numbers = new double[3];
        if (parts.Length != 3
            || !parts
                .Select((part, k) => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[k]))
                .All(read => read))
            throw new DemException(
                ErrorCode.BadArgument, $"{Quoted.Name(text)} is not a range low:high:step such as 0:1:0.1");
        return Of(numbers[0], numbers[1], numbers[2]);
    }

    /// <summary>Returns a value of the grid.</summary>
    /// <param name="index">Index of the value, from 0.</param>
    public double At(long index) => Low + (index * Step);

    /// <summary>Returns the nearest value of the grid.</summary>
    public double Nearest(double value) => At((long)Math.Clamp(Math.Round((value - Low) / Step), 0, GridCount - 1));

    /// <summary>Whether a value lies within the range.</summary>
    public bool Contains(double value) => value >= Low - (Slack * Step) && value <= High + (Slack * Step);

    /// <inheritdoc/>
    public override string ToString() => Invariant($"{Low}:{High}:{Step}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
