namespace DemEngine.Search.Strategies;

/// <summary>A strategy written as one run through its points: what it was told of a point is there when the run goes on after it.</summary>
public abstract class SequentialStrategy : ISearchStrategy
{
    private IEnumerator<SearchPoint>? _points;
    private bool _waiting;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>The cost of the point last given.</summary>
    protected double Told { get; private set; } = double.PositiveInfinity;

    /// <inheritdoc/>
    public SearchPoint? Ask()
    {
        if (_waiting)
            throw new InvalidOperationException("The cost of the last point has not been told.");
        _points ??= Run().GetEnumerator();
        _waiting = _points.MoveNext();
        return _waiting ? _points.Current : null;
    }

    /// <inheritdoc/>
    public void Tell(double cost)
    {
        if (!_waiting)
            throw new InvalidOperationException("No point was asked for.");
        _waiting = false;
        Told = double.IsNaN(cost) ? double.PositiveInfinity : cost;
    }

    /// <summary>Gives one point after another.</summary>
    protected abstract IEnumerable<SearchPoint> Run();
}
