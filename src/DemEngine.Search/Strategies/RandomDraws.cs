using DemEngine.Numerics;

namespace DemEngine.Search.Strategies;

/// <summary>A sequence of random numbers that is determined by its seed: the words of Philox in order.</summary>
internal sealed class RandomDraws(ulong seed)
{
    private readonly Philox _philox = new(seed);
    private long _next;
    private double? _spare;

    /// <summary>Draws a number from the uniform distribution on [0, 1), in steps of 2⁻⁵³.</summary>
    public double Uniform()
    {
        ulong high = _philox[_next++];
        ulong low = _philox[_next++];
        return (((high << 32) | low) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>
    /// Draws a number from the standard normal distribution (Box and Muller, "A note on the generation of random normal
    /// deviates", 1958).
    /// </summary>
    public double Normal()
    {
        if (_spare is { } spare)
        {
            _spare = null;
            return spare;
        }

        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform()));
        double angle = 2 * Math.PI * Uniform();
        _spare = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }
}
