using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// A strategy written as one run through rounds of points, of which none depends on the costs of its own round: what it was told of one is there when the run
/// goes on after it.
/// </summary>
public abstract class SequentialStrategy : ISearchStrategy
{
    private readonly List<double> _told = [];
    private IEnumerator<IEnumerable<SearchPoint>>? _rounds;
    private IEnumerator<SearchPoint>? _round;
    private int _waiting;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>The costs of the last round's points, in their order; +∞ for one that is no number.</summary>
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

    /// <summary>Gives one round after another.</summary>
    protected abstract IEnumerable<IEnumerable<SearchPoint>> Rounds();
}
