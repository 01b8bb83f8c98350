namespace DemEngine.Training;

/// <summary>The keys of the random numbers of a run, one for each purpose, so that none are used twice.</summary>
internal static class RandomStreams
{
    /// <summary>Of the order of examples.</summary>
    public static ulong Order(long seed) => (ulong)seed;

    /// <summary>Of weights that are drawn.</summary>
    public static ulong Weights(long seed) => ~(ulong)seed;
}
