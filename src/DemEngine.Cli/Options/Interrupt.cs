namespace DemEngine.Cli.Options;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation; the second one ends the process as usual.</summary>
internal sealed class Interrupt : IDisposable
{
    private static readonly CancellationTokenSource Source = new();

    private readonly System.Runtime.InteropServices.PosixSignalRegistration _terminate;

    public Interrupt()
    {
        Console.CancelKeyPress += OnCancelKey;
        _terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGTERM,
            context =>
            {
                context.Cancel = !Source.IsCancellationRequested;
                Source.Cancel();
            });
    }

    /// <summary>Token that the first interrupt cancels.</summary>
    public static CancellationToken Token => Source.Token;

    public void Dispose()
    {
        Console.CancelKeyPress -= OnCancelKey;
        _terminate.Dispose();
    }

    private static void OnCancelKey(object? sender, ConsoleCancelEventArgs e)
    {
        e.Cancel = !Source.IsCancellationRequested;
        Source.Cancel();
    }
}
