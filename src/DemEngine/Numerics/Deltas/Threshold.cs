namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Threshold that divides a tensor's elements into the m largest and the rest. Equal elements are ordered by index, the lower one
/// first. Above the threshold are the elements whose key is larger than <paramref name="Key"/>, and those whose key is equal and
/// whose index is not larger than <paramref name="LastTie"/>.
/// </summary>
/// <param name="Key">The m-th largest key; see <see cref="DeltaKey"/>.</param>
/// <param name="LastTie">Index of the last element with that key that still belongs to the m largest; −1 for none.</param>
internal readonly record struct Threshold(uint Key, long LastTie)
{
    /// <summary>Threshold that nothing is above.</summary>
    public static Threshold AboveAll { get; } = new(uint.MaxValue, -1);

    /// <summary>Threshold that everything is above.</summary>
    public static Threshold BelowAll { get; } = new(0, long.MaxValue);

    /// <summary>Creates the threshold that only larger magnitudes than that of <paramref name="value"/> are above.</summary>
    public static Threshold LargerThan(float value) => new(DeltaKey.Of(value), -1);

    /// <summary>Whether this threshold is below an element with a given key and index.</summary>
    public bool IsBelow(uint key, long index) => key > Key || (key == Key && index <= LastTie);
}
