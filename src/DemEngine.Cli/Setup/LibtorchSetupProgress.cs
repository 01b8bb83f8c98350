namespace DemEngine.Cli.Setup;

/// <summary>Progress of a download of libtorch.</summary>
/// <param name="Package">The package that is being fetched.</param>
/// <param name="Done">Number of packages that are finished.</param>
/// <param name="Known">Number of packages that are known to be needed, including the finished ones.</param>
/// <param name="Bytes">Number of bytes of this package that have arrived.</param>
internal readonly record struct LibtorchSetupProgress(
    string Package,
    int Done,
    int Known,
    long Bytes);
