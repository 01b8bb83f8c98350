using DemEngine.Numerics;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>A loop that can run in binary32, where that decides the result, and in double vectors, which give the same bits.</summary>
internal interface ISingleOrDouble
{
    /// <summary>Runs in binary32; vectors that it does not decide, in double.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="end">The one after the last.</param>
    /// <param name="undecided">Vectors that were not are added to it.</param>
    NonFinite RunSingle(int start, int end, ref int undecided);

    /// <summary>Runs in double.</summary>
    NonFinite RunDouble(int start, int end);
}

/// <summary>Tries binary32 first, and goes on in double for a while wherever that does not pay.</summary>
internal static class SingleFirst
{
    // So many vectors are tried in binary32 before it is asked whether that pays; where it does not, so many are done in double.
    private const int Trial = 64;
    private const int Pause = 2048;

    /// <summary>Runs a loop.</summary>
    /// <param name="loop">What to run.</param>
    /// <param name="end">Its number of elements, a whole number of vectors.</param>
    /// <param name="lanes">Elements in a vector.</param>
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
