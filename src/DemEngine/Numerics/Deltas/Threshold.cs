namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Divides a tensor's elements into the m largest and the rest, equal ones by their index: the lower comes first. Above it are those whose
/// key is larger than <paramref name="Key"/>, and those whose key is equal and whose index is not larger than <paramref name="LastTie"/>.
/// </summary>
/// <param name="Key">The m-th largest key; see <see cref="DeltaKey"/>.</param>
/// <param name="LastTie">Index of the last element with that key that still belongs to the m largest; −1 for none.</param>
internal readonly record struct Threshold(uint Key, long LastTie)
{
    /// <summary>Nothing is above it.</summary>
    public static Threshold AboveAll { get; } = new(uint.MaxValue, -1);

    /// <summary>Everything is above it.</summary>
    public static Threshold BelowAll { get; } = new(0, long.MaxValue);

    /// <summary>Those above it are larger than a value.</summary>
    public static Threshold LargerThan(float value) => new(DeltaKey.Of(value), -1);

    /// <summary>Whether an element is above it.</summary>
    public bool IsBelow(uint key, long index) => key > Key || (key == Key && index <= LastTie);
}
