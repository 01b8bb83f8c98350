using System.Runtime.InteropServices;

namespace DemEngine.Cli.Options;

/// <summary>
/// Turns the first Ctrl-C or SIGTERM into a cancellation; the second one ends the process as usual. Signals are taken from the
/// system and not from the console, which would write to the terminal.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private const int AfterInterrupt = 130;
    private const int AfterTermination = 143;

    private static readonly CancellationTokenSource Source = new();

    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public Interrupt()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, AfterInterrupt));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, AfterTermination));
    }

    /// <summary>Token that the first interrupt cancels.</summary>
    public static CancellationToken Token => Source.Token;

    /// <summary>The exit code of an interrupted command: 128 and the signal's number, as shells have it.</summary>
    public int ExitCode { get; private set; } = AfterInterrupt;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    private void Cancel(PosixSignalContext context, int exitCode)
    {
        if (Source.IsCancellationRequested)
            return;
        context.Cancel = true;
        ExitCode = exitCode;
        Source.Cancel();
    }
}
