namespace DemEngine.Tests.Checkpoints;

/// <summary>Something that is not a checkpoint, though it may look like one.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Make">Puts it into a folder.</param>
/// <param name="Expected">The error that opening the folder must give.</param>
/// <param name="Says">What the message must name.</param>
public sealed record HostileCase(string Name, Action<string> Make, ErrorCode Expected, params string[] Says)
{
    public override string ToString() => Name;
}
