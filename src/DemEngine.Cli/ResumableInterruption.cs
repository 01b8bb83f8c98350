namespace DemEngine.Cli;

/// <summary>An interrupt of a run that can be resumed.</summary>
/// <param name="how">The option to go on with.</param>
/// <param name="inner">What stopped it.</param>
internal sealed class ResumableInterruption(string how, OperationCanceledException inner)
    : OperationCanceledException($"run the same command with {how} to go on", inner);
