namespace DemEngine.Cli.Setup;

/// <summary>Result of installing libtorch.</summary>
/// <param name="Folder">Folder that contains libtorch now.</param>
/// <param name="Packages">Names of the packages that were fetched.</param>
/// <param name="Unchecked">Names of the fetched packages for which no hash is known or published.</param>
/// <param name="WasThere">Whether libtorch existed before, so that nothing was done.</param>
internal sealed record LibtorchSetupReport(
    string Folder,
    IReadOnlyList<string> Packages,
    IReadOnlyList<string> Unchecked,
    bool WasThere);
