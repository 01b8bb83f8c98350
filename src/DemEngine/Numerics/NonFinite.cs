namespace DemEngine.Numerics;

/// <summary>Counts of the infinities and NaNs that were read and written.</summary>
/// <param name="Inputs">
/// Number of non-finite input elements, counted in each input, except those whose result is finite all the same.
/// </param>
/// <param name="Outputs">Number of non-finite elements of the result, after rounding to its type.</param>
internal readonly record struct NonFinite(long Inputs, long Outputs)
{
    /// <summary>Adds two counts.</summary>
    public static NonFinite operator +(NonFinite a, NonFinite b) => new(a.Inputs + b.Inputs, a.Outputs + b.Outputs);
}
