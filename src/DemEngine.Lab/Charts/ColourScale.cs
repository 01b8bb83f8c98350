namespace DemEngine.Lab.Charts;

/// <summary>Colours for numbers, interpolated between anchors at equal distances.</summary>
/// <param name="from">Number that has the first colour.</param>
/// <param name="to">Number that has the last colour.</param>
/// <param name="anchors">Colours of the anchors, as 0xRRGGBB.</param>
internal sealed class ColourScale(double from, double to, params ReadOnlySpan<int> anchors)
{
    private const int Missing = 0x808080;

    private readonly int[] _anchors = anchors.ToArray();

    /// <summary>
    /// Scale from 0 to 1: samples of viridis, in which equal steps look equal, in grey and to the colour-blind too.
    /// </summary>
    public static ColourScale Sequential { get; } = new(
        0,
        1,
        0x440154,
        0x482878,
        0x3E4A89,
        0x31688E,
        0x26828E,
        0x1F9E89,
        0x35B779,
        0x6DCD59,
        0xB4DE2C,
        0xFDE725);

    /// <summary>Scale from −1 to 1: brown, a light grey at 0, blue-green.</summary>
    public static ColourScale Diverging { get; } =
        new(-1, 1, 0x543005, 0xA6611A, 0xDFC27D, 0xEDEDED, 0x80CDC1, 0x1F8A80, 0x003C30);

    /// <summary>Number that has the first colour.</summary>
    public double From { get; } = from;

    /// <summary>Number that has the last colour.</summary>
    public double To { get; } = to;

    /// <summary>The anchors with their offsets, 0 to 1, and colours, as <c>#rrggbb</c>.</summary>
    public IEnumerable<(double Offset, string Colour)> Stops =>
        _anchors.Select((anchor, k) => ((double)k / (_anchors.Length - 1), $"#{anchor:x6}"));

    /// <summary>Colour of a number, as <c>#rrggbb</c>; grey for NaN.</summary>
    public string Of(double value) => $"#{Pick(value):x6}";

    /// <summary>Black or white, whichever reads better on the colour of a number.</summary>
    public string InkOn(double value)
    {
        int colour = Pick(value);
        double luminance = (0.2126 * Linear(colour >> 16)) + (0.7152 * Linear(colour >> 8)) + (0.0722 * Linear(colour));

        // At this luminance l the contrast ratios of WCAG 2 are equal: (l + 0.05) / 0.05 to black, 1.05 / (l + 0.05) to white.
        return luminance > 0.179 ? "#000" : "#fff";
    }

    private static double Linear(int channel)
    {
        double value = (channel & 0xFF) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }

    private int Pick(double value)
    {
        if (double.IsNaN(value))
            return Missing;

        double at = Math.Clamp((value - From) / (To - From), 0, 1) * (_anchors.Length - 1);
        int below = Math.Min((int)at, _anchors.Length - 2);
        int colour = 0;
        for (int shift = 16; shift >= 0; shift -= 8)
        {
            double low = (_anchors[below] >> shift) & 0xFF;
            double high = (_anchors[below + 1] >> shift) & 0xFF;
            colour |= (int)Math.Round(low + ((high - low) * (at - below))) << shift;
        }

        return colour;
    }
}
