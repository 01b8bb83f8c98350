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
}
