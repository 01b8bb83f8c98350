namespace DemEngine.Cli.Setup;

/// <summary>How far it is.</summary>
/// <param name="Package">The package that is being fetched.</param>
/// <param name="Done">Packages that are finished.</param>
/// <param name="Known">Packages that are known to be needed, the finished ones included.</param>
/// <param name="Bytes">Bytes of this package that have come.</param>
internal readonly record struct LibtorchSetupProgress(string Package, int Done, int Known, long Bytes);
