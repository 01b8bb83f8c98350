using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// A strategy written as one sequence of rounds of points. No point depends on the costs of its own round; the costs of a round
/// are available when the sequence continues after it.
/// </summary>
public abstract class SequentialStrategy : ISearchStrategy
{
    private readonly List<double> _told = [];
    private IEnumerator<IEnumerable<SearchPoint>>? _rounds;
    private IEnumerator<SearchPoint>? _round;
    private int _waiting;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Costs of the last round's points, in their order; +∞ where a cost is NaN.</summary>
    protected IReadOnlyList<double> Told => _told;

    /// <inheritdoc/>
    public IReadOnlyList<SearchPoint> Ask(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if (_waiting > 0)
            throw new InvalidOperationException("The costs of the last points have not been told.");

        _rounds ??= Rounds().GetEnumerator();
        var points = new List<SearchPoint>();
        while (points.Count == 0)
        {
            if (_round is null)
            {
                if (!_rounds.MoveNext())
                    break;
                _round = _rounds.Current.GetEnumerator();
                _told.Clear();
            }

            while (points.Count < most && _round.MoveNext())
                points.Add(_round.Current);
            if (points.Count < most)
                _round = null;
        }

        _waiting = points.Count;
        return points;
    }

    /// <inheritdoc/>
    public void Tell(double cost)
    {
        if (_waiting == 0)
            throw new InvalidOperationException("No point was asked for.");
        _waiting--;
        _told.Add(double.IsNaN(cost) ? double.PositiveInfinity : cost);
    }

    /// <summary>Enumerates the rounds of points, one after the other.</summary>
    protected abstract IEnumerable<IEnumerable<SearchPoint>> Rounds();
}
