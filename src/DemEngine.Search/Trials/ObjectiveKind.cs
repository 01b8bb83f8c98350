namespace DemEngine.Search.Trials;

/// <summary>How one number is made of the metric's values on several validation sets.</summary>
public enum ObjectiveKind
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The worst of them.</summary>
    Worst,

    /// <summary>Their mean, weighted by set.</summary>
    Weighted,
}
