namespace DemEngine.Cli.Options;

/// <summary>Thrown when a run that can be resumed is interrupted. The message says how to go on.</summary>
/// <param name="how">The option with which to go on; null if none is needed.</param>
/// <param name="inner">The cancellation that stopped the run.</param>
internal sealed class ResumableInterruption(string? how, OperationCanceledException inner)
    : OperationCanceledException(
        how is null ? "run the same command to go on" : $"run the same command with {how} to go on",
        inner);
