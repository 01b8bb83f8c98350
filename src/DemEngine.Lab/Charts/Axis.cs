using System.Collections.Immutable;

namespace DemEngine.Lab.Charts;

/// <summary>One axis of a chart.</summary>
internal sealed class Axis
{
    // Share of the range that is left free at each end, so that no mark is cut off.
    private const double Room = 0.05;

    // About how many numbers are written along an axis.
    private const int Numbers = 6;

    // Fewer do not show how long the axis is.
    private const int FewestNumbers = 3;

    // Powers of ten that a logarithmic axis spans at least: what differs by less is drawn as about the same.
    private const double LeastPowers = 0.05;

    private const string Superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

    private readonly double _from;
    private readonly double _to;

    private Axis(string label, double from, double to, bool isLog, ImmutableArray<(double Value, string Text)> ticks)
    {
        Label = label;
        _from = from;
        _to = to;
        IsLog = isLog;
        Ticks = ticks;
    }

    public string Label { get; }

    public bool IsLog { get; }

    public ImmutableArray<(double Value, string Text)> Ticks { get; }

    /// <summary>
    /// Makes a linear axis over the given values, with a little room beyond the first and the last, and round numbers on it.
    /// </summary>
    /// <param name="label">Label of the axis.</param>
    /// <param name="values">Values that must lie on the axis; those that are not finite are ignored.</param>
    /// <param name="format">Format of the numbers on the axis.</param>
    public static Axis Linear(string label, IEnumerable<double> values, string format = "0.##")
    {
        (double least, double most) = Range(values);
        if (most - least < 1e-12)
            (least, most) = (least - 0.5, most + 0.5);
        double room = (most - least) * Room;
        (double from, double to) = (least - room, most + room);
        return new Axis(
            label, from, to, isLog: false, [.. RoundNumbers.Between(from, to, Numbers).Select(value => Tick(value, format))]);
    }

    /// <summary>Makes a linear axis that ends exactly at the given numbers, with round numbers between them.</summary>
    /// <param name="label">Label of the axis.</param>
    /// <param name="from">First number.</param>
    /// <param name="to">Last number; where it equals the first, the middle of the axis stands for it.</param>
    /// <param name="about">About how many numbers to write.</param>
    public static Axis Exact(string label, double from, double to, int about) =>
        new(label, from, to, isLog: false, [.. RoundNumbers.Between(from, to, about).Select(value => Tick(value, "0.######"))]);

    /// <summary>
    /// Makes an axis on which every power of ten has the same length, with a little room beyond the first and the last value.
    /// It has powers of ten on it; where that are too few also twice and five times these, and where the values lie closer
    /// together than that, round numbers between them.
    /// </summary>
    /// <param name="label">Label of the axis.</param>
    /// <param name="values">Values that must lie on the axis; those that are not positive are ignored.</param>
    public static Axis Logarithmic(string label, IEnumerable<double> values)
    {
        (double least, double most) = Range(values.Where(value => value > 0).Select(Math.Log10));
        if (most - least < LeastPowers)
            (least, most) = (least - LeastPowers, most + LeastPowers);
        double room = (most - least) * Room;
        (double from, double to) = (least - room, most + room);
        double[] ticks = Decades(from, to, 1);
        if (ticks.Length < FewestNumbers)
            ticks = Decades(from, to, 1, 2, 5);
        double unit = Math.Pow(10, Math.Floor(from));
        for (int about = FewestNumbers; ticks.Length < FewestNumbers; about++)
        {
            var numbers = RoundNumbers.Between(Math.Pow(10, from) / unit, Math.Pow(10, to) / unit, about);
            ticks = Within(from, to, numbers.Select(value => value * unit));
        }

        return new Axis(label, from, to, isLog: true, [.. ticks.Select(value => (value, Power(value)))]);
    }

    /// <summary>Position of a value along the axis, from 0 to 1.</summary>
    public double At(double value) => _to > _from ? ((IsLog ? Math.Log10(value) : value) - _from) / (_to - _from) : 0.5;

    private static (double Value, string Text) Tick(double value, string format)
    {
        value = Math.Abs(value) < 1e-12 ? 0 : value;
        return (value, value.ToString(format).Replace('-', '−'));
    }

    private static (double Least, double Most) Range(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length > 0 ? (finite.Min(), finite.Max()) : (0, 1);
    }

    private static double[] Decades(double from, double to, params int[] digits)
    {
        int first = (int)Math.Floor(from);
        IEnumerable<int> powers = Enumerable.Range(first, (int)Math.Ceiling(to) - first + 1);
        return Within(from, to, powers.SelectMany(power => digits.Select(digit => digit * Math.Pow(10, power))));
    }

    private static double[] Within(double from, double to, IEnumerable<double> values) =>
        [.. values.Where(value => value > 0 && Math.Log10(value) >= from && Math.Log10(value) <= to)];

    /// <summary>Writes a value as a multiple of a power of ten, such as 1.8·10¹¹.</summary>
    private static string Power(double value)
    {
        int power = (int)Math.Floor(Math.Log10(value) + 1e-9);
        string digits = (value / Math.Pow(10, power)).ToString("0.####");
        return (digits == "1" ? "" : $"{digits}·") + $"10{Superscript(power)}";
    }

    private static string Superscript(int power) =>
        (power < 0 ? "⁻" : "") + string.Concat(Math.Abs(power).ToString().Select(digit => Superscripts[digit - '0']));
}
