namespace DemEngine.Lab.Charts;

/// <summary>The rectangle that a label or a mark takes, in pixels.</summary>
internal readonly record struct LabelBox(double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;

    /// <summary>Whether two rectangles have more than an edge in common.</summary>
    public bool Overlaps(LabelBox other) =>
        Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;
}

/// <summary>
/// Finds places for the labels of points, near them, where they cover neither each other nor a mark: the first of a fixed order
/// of places around the point, farther and farther away. Each line that a label would cover counts as a way of several steps, so
/// that lines are covered only where no place near the point is free of them, and then as few as there can be. A line leads to a
/// label that is no neighbour of its point.
/// </summary>
/// <param name="within">Rectangle that labels stay in.</param>
internal sealed class LabelPlacement(LabelBox within)
{
    // Of the charts' text at 11 pixels: no letter of an event's or a method's name is wider on average.
    private const double LetterWidth = 6.4;

    private const double LineHeight = 13;

    // From a line's baseline down to the lower edge of its box.
    private const double Descent = 3.5;

    private const double FirstDistance = 7;

    private const int Rings = 12;

    // A label that lies farther away than so many does more harm than one across a line.
    private const int RingsForALine = 4;

    private readonly List<LabelBox> _taken = [];
    private readonly List<(double X1, double Y1, double X2, double Y2)> _lines = [];

    // Directions in their order: above and below first, then beside, then the diagonals.
    private static readonly (int X, int Y)[] Directions =
        [(0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1)];

    /// <summary>The rectangles of all labels that have a place.</summary>
    public List<LabelBox> Labels { get; } = [];

    /// <summary>Keeps labels away from a mark.</summary>
    /// <param name="x">Horizontal position of its centre.</param>
    /// <param name="y">Vertical position of its centre.</param>
    /// <param name="size">Half of its width.</param>
    public void Avoid(double x, double y, double size) => _taken.Add(new LabelBox(x - size, y - size, 2 * size, 2 * size));

    /// <summary>Keeps labels away from a line, where there is room.</summary>
    /// <param name="points">Points that the line joins.</param>
    public void AvoidLine(IReadOnlyList<(double X, double Y)> points)
    {
        for (int k = 1; k < points.Count; k++)
            _lines.Add((points[k - 1].X, points[k - 1].Y, points[k].X, points[k].Y));
    }

    /// <summary>Finds the place of a label.</summary>
    /// <param name="x">Horizontal position of the point.</param>
    /// <param name="y">Vertical position of the point.</param>
    /// <param name="text">Text of the label, one line.</param>
    /// <returns>The middle of the line's baseline; null if there is no room anywhere near the point.</returns>
    public (double X, double Y)? Place(double x, double y, string text)
    {
        double width = text.Length * LetterWidth;
        LabelBox? best = null;
        int lowest = int.MaxValue;
        for (int ring = 0; ring < Math.Min(Rings, lowest); ring++)
        {
            double distance = FirstDistance + (ring * LineHeight / 2);
            foreach (var (right, down) in Directions)
            {
                double middle = x + (right * ((width / 2) + distance));
                double centre = y + (down * ((LineHeight / 2) + distance));
                var box = new LabelBox(middle - (width / 2), centre - (LineHeight / 2), width, LineHeight);
                if (!IsInside(box) || _taken.Exists(box.Overlaps))
                    continue;
                int crossed = _lines.Count(line => Crosses(line, box));
                if (LeaderTo(box, x, y) is { } end)
                    crossed += Labels.Count(label => Crosses((x, y, end.X, end.Y), label));
                int cost = ring + (RingsForALine * crossed);
                if (cost < lowest)
                    (best, lowest) = (box, cost);
            }
        }

        if (best is not { } found)
            return null;
        if (LeaderTo(found, x, y) is { } place)
            _lines.Add((x, y, place.X, place.Y));
        _taken.Add(found);
        Labels.Add(found);
        return (found.Left + (width / 2), found.Bottom - Descent);
    }

    /// <summary>
    /// Finds where a line ends that leads from a point to the label that was placed last; null where they are neighbours.
    /// </summary>
    /// <param name="x">Horizontal position of the point.</param>
    /// <param name="y">Vertical position of the point.</param>
    public (double X, double Y)? LeaderFrom(double x, double y) => LeaderTo(Labels[^1], x, y);

    private static (double X, double Y)? LeaderTo(LabelBox box, double x, double y)
    {
        (double nearX, double nearY) = (Math.Clamp(x, box.Left, box.Right), Math.Clamp(y, box.Top, box.Bottom));
        return Math.Sqrt(((nearX - x) * (nearX - x)) + ((nearY - y) * (nearY - y))) > 2 * FirstDistance ? (nearX, nearY) : null;
    }

    /// <summary>Whether a line has a point within a rectangle: the line is cut off at each of the four edges in turn.</summary>
    private static bool Crosses((double X1, double Y1, double X2, double Y2) line, LabelBox box)
    {
        (double from, double to) = (0, 1);
        return Cut(line.X1, line.X2 - line.X1, box.Left, box.Right, ref from, ref to)
            && Cut(line.Y1, line.Y2 - line.Y1, box.Top, box.Bottom, ref from, ref to);
    }

    /// <summary>Keeps of a line, from one share of it to another, what lies between two edges.</summary>
    private static bool Cut(double start, double length, double low, double high, ref double from, ref double to)
    {
        if (length == 0)
            return start > low && start < high;
        (double one, double other) = ((low - start) / length, (high - start) / length);
        from = Math.Max(from, Math.Min(one, other));
        to = Math.Min(to, Math.Max(one, other));
        return from < to;
    }

    private bool IsInside(LabelBox box) =>
        box.Left >= within.Left && box.Right <= within.Right && box.Top >= within.Top && box.Bottom <= within.Bottom;
}
