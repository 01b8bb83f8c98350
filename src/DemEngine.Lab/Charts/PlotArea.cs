namespace DemEngine.Lab.Charts;

/// <summary>The rectangle that two axes span, and the positions of values in it.</summary>
internal sealed record PlotArea(Axis X, Axis Y, double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;

    public double PlaceX(double value) => Left + (X.At(value) * Width);

    public double PlaceY(double value) => Top + ((1 - Y.At(value)) * Height);
}
