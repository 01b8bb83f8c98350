namespace DemEngine.Training;

/// <summary>Keys of the random numbers of a run, one for each purpose, so that no numbers are used twice.</summary>
internal static class RandomStreams
{
    /// <summary>Key for the order of examples.</summary>
    public static ulong Order(long seed) => (ulong)seed;

    /// <summary>Key for drawing weights.</summary>
    public static ulong Weights(long seed) => ~(ulong)seed;
}
