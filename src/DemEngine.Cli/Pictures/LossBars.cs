namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws a training's losses over its steps as lines of text, a bar of eight heights for each part of the steps.
/// </summary>
internal static class LossBars
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const int Columns = 48;

    /// <summary>Draws the losses in training and in validation.</summary>
    public static IEnumerable<string> Draw(TrainingLosses losses)
    {
        if (losses.Training.Count > 1)
            yield return Line("training", [.. losses.Means(Columns).Select(one => one.Loss)]);
        int part = Math.Max(1, (losses.Validation.Count + Columns - 1) / Columns);
        double[] validation = [.. losses.Validation.Chunk(part).Select(some => some.Average(one => one.Loss))];
        if (validation.Length > 1)
            yield return Line("validation", validation);
    }

    private static string Line(string name, double[] losses)
    {
        double least = losses.Min(), span = losses.Max() - least;
        string bars = string.Concat(losses.Select(loss =>
            Bars[span > 0 ? (int)Math.Min(Bars.Length - 1, (loss - least) / span * Bars.Length) : 0]));
        return FormattableString.Invariant($"{name,-10} {losses[0]:0.0000} {bars} {losses[^1]:0.0000}");
    }
}
