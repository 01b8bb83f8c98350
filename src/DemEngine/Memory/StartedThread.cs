namespace DemEngine.Memory;

/// <summary>A thread that runs, where the system gave one: with a limit on processes it may give fewer than asked for.</summary>
internal static class StartedThread
{
    /// <summary>Starts a thread that does not keep the process alive.</summary>
    /// <param name="name">Name of the thread, for tools.</param>
    /// <param name="work">Function that the thread runs.</param>
    /// <exception cref="DemException">DEM4007 (OutOfMemory): the system starts no more threads.</exception>
    public static Thread Start(string name, ThreadStart work)
    {
        var thread = new Thread(work) { IsBackground = true, Name = name };
        try
        {
            thread.Start();
        }
        catch (OutOfMemoryException e)
        {
            throw new DemException(ErrorCode.OutOfMemory, "the system starts no more threads", e);
        }

        return thread;
    }
}
