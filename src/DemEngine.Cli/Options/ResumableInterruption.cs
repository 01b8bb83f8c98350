namespace DemEngine.Cli.Options;

/// <summary>An interrupt of a run that can be resumed.</summary>
/// <param name="how">The option to go on with; null if there is no need of one.</param>
/// <param name="inner">What stopped it.</param>
internal sealed class ResumableInterruption(string? how, OperationCanceledException inner)
    : OperationCanceledException(how is null ? "run the same command to go on" : $"run the same command with {how} to go on", inner);
