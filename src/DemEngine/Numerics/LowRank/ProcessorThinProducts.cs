namespace DemEngine.Numerics.LowRank;

/// <summary>Products on the calling thread; see <see cref="ThinProducts"/>.</summary>
internal sealed class ProcessorThinProducts : IThinProducts
{
    private ThinMatrix? _x;
    private ThinMatrix? _y;
    private bool _isTransposed;

    public void Begin(ThinMatrix x, ThinMatrix y, bool isTransposed) => (_x, _y, _isTransposed) = (x, y, isTransposed);

    public void Add(ReadOnlySpan<float> rows, int firstRow)
    {
        if (_isTransposed)
            ThinProducts.AddTransposed(rows, _x!, _y!, firstRow);
        else
            ThinProducts.Add(rows, _x!, _y!, firstRow);
    }

    public void End()
    {
        // The sums lie in Y already.
    }

    public void Dispose()
    {
        // It holds nothing.
    }
}
