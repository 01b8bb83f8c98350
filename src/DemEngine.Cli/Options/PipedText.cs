namespace DemEngine.Cli.Options;

/// <summary>
/// Reads what may be a pipe. Opening one waits for who writes to it, and reading it for what is written, perhaps for ever; the
/// system does not end either when a signal is handled, so that another thread waits there.
/// </summary>
internal static class PipedText
{
    /// <summary>Reads until there is a result, an error, or an interrupt.</summary>
    /// <typeparam name="T">Type of the result.</typeparam>
    /// <param name="read">Opens and reads; left to itself after an interrupt.</param>
    /// <exception cref="OperationCanceledException">The command was interrupted.</exception>
    public static T Read<T>(Func<T> read)
    {
        Task<T> reading = Task.Factory.StartNew(
            read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task.WaitAny([reading], Interrupt.Token);
        return reading.GetAwaiter().GetResult();
    }
}
