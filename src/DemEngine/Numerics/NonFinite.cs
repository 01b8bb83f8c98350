namespace DemEngine.Numerics;

/// <summary>How many infinities and NaNs were read and written.</summary>
/// <param name="Inputs">Elements, counted in each input; those of results that stay finite all the same are not looked for.</param>
/// <param name="Outputs">Elements of the result, after rounding to its type.</param>
internal readonly record struct NonFinite(long Inputs, long Outputs)
{
    /// <summary>The sum of two counts.</summary>
    public static NonFinite operator +(NonFinite a, NonFinite b) => new(a.Inputs + b.Inputs, a.Outputs + b.Outputs);
}
