using DemEngine.Numerics;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>
/// Loop that can run in binary32, where that decides the result, and in double vectors, which give the same bits.
/// </summary>
internal interface ISingleOrDouble
{
    /// <summary>Runs in binary32, and in double for the vectors that binary32 does not decide.</summary>
    /// <param name="start">Index of the first element.</param>
    /// <param name="end">Index after the last element.</param>
    /// <param name="undecided">Counter to which the number of undecided vectors is added.</param>
    NonFinite RunSingle(int start, int end, ref int undecided);

    /// <summary>Runs in double vectors.</summary>
    NonFinite RunDouble(int start, int end);
}

/// <summary>Runs a loop in binary32 first, and continues in double for a while wherever that does not pay.</summary>
internal static class SingleFirst
{
    // Number of vectors tried in binary32 before checking whether that pays, and number of vectors done in double where it does
    // not.
    private const int Trial = 64;
    private const int Pause = 2048;

    /// <summary>Runs a loop.</summary>
    /// <param name="loop">Loop to run.</param>
    /// <param name="end">Number of elements of the loop, a whole number of vectors.</param>
    /// <param name="lanes">Number of elements in a vector.</param>
    public static NonFinite Run<TLoop>(TLoop loop, int end, int lanes)
        where TLoop : ISingleOrDouble, allows ref struct
    {
        NonFinite nonFinite = default;
        for (int start = 0; start < end;)
        {
            int stop = (int)Math.Min(end, start + ((long)Trial * lanes));
            int undecided = 0;
            nonFinite += loop.RunSingle(start, stop, ref undecided);
            start = stop;

            if (undecided > Trial / 3)
            {
                stop = (int)Math.Min(end, start + ((long)Pause * lanes));
                nonFinite += loop.RunDouble(start, stop);
                start = stop;
            }
        }

        return nonFinite;
    }
}
