using System.Security.Cryptography;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Packaging.Core;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;

namespace DemEngine.Cli.Setup;

/// <summary>
/// The user's NuGet sources, with their credentials and their mapping of packages to sources, read from the same configuration as
/// by <c>dotnet restore</c>.
/// </summary>
internal sealed class PackageSources : IDisposable
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    private readonly List<SourceRepository> _repositories;
    private readonly PackageSourceMapping _mapping;
    private readonly SourceCacheContext _cache = new() { NoCache = true, DirectDownload = true };

    /// <summary>Reads the configuration of NuGet and chooses the sources.</summary>
    /// <param name="named">
    /// Sources to use instead of the configured ones: names, addresses or folders. If empty, the configured ones are used.
    /// </param>
    /// <param name="folder">Folder in which the search for <c>NuGet.Config</c> begins.</param>
    /// <exception cref="DemException">
    /// DEM1025 (PackageNotFetched): the configuration cannot be read, or there is no source.
    /// </exception>
    public PackageSources(IReadOnlyList<string> named, string folder)
    {
        try
        {
            ISettings settings = Settings.LoadDefaultSettings(folder);
            PackageSource[] configured = [.. new PackageSourceProvider(settings).LoadPackageSources()];
            IEnumerable<PackageSource> chosen = named.Count == 0
                ? configured.Where(source => source.IsEnabled)
                : named.Select(name => configured.FirstOrDefault(source => source.Name == name) ?? new PackageSource(name));
            _repositories = [.. chosen.Select(source => Repository.Factory.GetCoreV3(source))];
            _mapping = PackageSourceMapping.GetPackageSourceMapping(settings);
        }
        catch (Exception e) when (e is NuGetConfigurationException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DemException(ErrorCode.PackageNotFetched, e.Message, e);
        }

        if (_repositories.Count == 0)
            throw new DemException(ErrorCode.PackageNotFetched, "no NuGet source is enabled");
        IsMapped = named.Count == 0 && _mapping.IsEnabled;
    }

    private bool IsMapped { get; }

    public void Dispose() => _cache.Dispose();

    /// <summary>Fetches a package from the first source that has it, and checks its hash.</summary>
    /// <param name="package">Id and version of the package.</param>
    /// <param name="file">Path of the file to be written.</param>
    /// <param name="fetched">Progress callback that receives the number of bytes fetched so far.</param>
    /// <param name="cancel">Token that stops the download.</param>
    /// <returns>Whether there was a hash to check it by, in this program or at the source.</returns>
    /// <exception cref="DemException">
    /// DEM1025 (PackageNotFetched): no source has it, or it cannot be fetched. DEM1026 (PackageDamaged): it has another hash.
    /// </exception>
    public async Task<bool> Fetch(
        PackageIdentity package, string file, Action<long> fetched, CancellationToken cancel)
    {
        var reasons = new List<string>();
        foreach (SourceRepository repository in _repositories.Where(repository => Serves(repository, package.Id)))
        {
            try
            {
                FindPackageByIdResource found = await repository.GetResourceAsync<FindPackageByIdResource>(cancel)
                    ?? throw new FatalProtocolException("it is no NuGet source");
                if (!await found.DoesPackageExistAsync(package.Id, package.Version, _cache, NullLogger.Instance, cancel))
                {
                    reasons.Add($"{repository.PackageSource.Name} does not have it");
                    continue;
                }

                await using (FileStream output = File.Create(file))
                await using (new Timer(_ => fetched(new FileInfo(file).Length), null, ProgressInterval, ProgressInterval))
                {
                    if (!await found.CopyNupkgToStreamAsync(
                        package.Id, package.Version, output, _cache, NullLogger.Instance, cancel))
                        throw new FatalProtocolException("it does not give it");
                }

                return await Check(package, file, repository, cancel);
            }
            catch (Exception e) when (e is FatalProtocolException
                or HttpRequestException
                or IOException
                or PackagingException
                or InvalidOperationException)
            {
                reasons.Add($"{repository.PackageSource.Name}: {(e.InnerException ?? e).Message.TrimEnd('.')}");
            }
        }

        throw new DemException(
            ErrorCode.PackageNotFetched,
            $"{package.Id} {package.Version}: {(reasons.Count == 0
                ? "the mapping of packages to sources gives it none"
                : string.Join("; ", reasons))}");
    }

    private bool Serves(SourceRepository repository, string id) =>
        !IsMapped || _mapping.GetConfiguredPackageSources(id).Contains(repository.PackageSource.Name);

    private async Task<bool> Check(PackageIdentity package, string file, SourceRepository repository, CancellationToken cancel)
    {
        string? published = KnownHashes.Of(package.Id, package.Version.ToNormalizedString())
            ?? await PublishedHash(package, repository, cancel);
        if (published is null)
            return false;

        using FileStream content = File.OpenRead(file);
        string hash = Convert.ToBase64String(await SHA512.HashDataAsync(content, cancel));
        return hash == published
            ? true
            : throw new DemException(
                ErrorCode.PackageDamaged,
                $"{package.Id} {package.Version} from {repository.PackageSource.Name}"
                + " has the SHA-512 "
                + $"{hash} instead of {published}");
    }

    /// <summary>
    /// Looks up the hash in the source's catalog (https://learn.microsoft.com/nuget/api/catalog-resource); null if the source has
    /// none.
    /// </summary>
    private async Task<string?> PublishedHash(
        PackageIdentity package, SourceRepository repository, CancellationToken cancel)
    {
        try
        {
            PackageMetadataResource? metadata = await repository.GetResourceAsync<PackageMetadataResource>(cancel);
            HttpSourceResource? http = await repository.GetResourceAsync<HttpSourceResource>(cancel);
            if (metadata is null
                || http is null
                || await metadata.GetMetadataAsync(package, _cache, NullLogger.Instance, cancel)
                    is not PackageSearchMetadataRegistration { CatalogUri: { } address })
                return null;

            var leaf = await http.HttpSource.GetJObjectAsync(
                new HttpSourceRequest(address, NullLogger.Instance), NullLogger.Instance, cancel);
            return (string?)leaf?["packageHashAlgorithm"] == "SHA512" ? (string?)leaf["packageHash"] : null;
        }
        catch (Exception e) when (e is FatalProtocolException or HttpRequestException)
        {
            return null;
        }
    }
}
