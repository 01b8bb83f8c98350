namespace DemEngine.Lab.Charts;

/// <summary>
/// Colours of the series of a chart that the colour-blind can tell apart too: those of Okabe and Ito, "Color Universal Design",
/// 2008, without black and yellow, which are lost on a dark and on a light background, and two more.
/// </summary>
internal static class SeriesColour
{
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7b5fc4"];

    /// <summary>Colour of the k-th series, as <c>#rrggbb</c>; after the last colour the first follows again.</summary>
    public static string Of(int series) => Colours[series % Colours.Length];
}
