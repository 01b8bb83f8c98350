namespace DemEngine.Search.Trials;

/// <summary>Functions that combine a metric's values on several validation sets into one number.</summary>
public enum ObjectiveKind
{
    /// <summary>Mean of the values.</summary>
    Mean,

    /// <summary>Worst of the values.</summary>
    Worst,

    /// <summary>Mean of the values, weighted by set.</summary>
    Weighted,

    /// <summary>
    /// Mean of the regrets. The regret on a set is 0 where the metric is that of the best source alone, and 1 where it is that
    /// of the base, so that no set dominates because its values are large; see <see cref="RegretScale"/>.
    /// </summary>
    Regret,

    /// <summary>Largest of the regrets.</summary>
    WorstRegret,
}
