namespace DemEngine.Cli.Setup;

/// <summary>What was brought.</summary>
/// <param name="Folder">Where it is now.</param>
/// <param name="Packages">The packages that were fetched.</param>
/// <param name="Unchecked">Those of them for which no hash was to be had.</param>
/// <param name="WasThere">Whether it was there before, so that nothing was done.</param>
internal sealed record LibtorchSetupReport(string Folder, IReadOnlyList<string> Packages, IReadOnlyList<string> Unchecked, bool WasThere);
