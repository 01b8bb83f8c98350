using System.Runtime.InteropServices;
using DemEngine.Files;
using DemEngine.Training.Native;
using NuGet.Packaging;
using NuGet.Packaging.Core;
using NuGet.Versioning;

namespace DemEngine.Cli.Setup;

/// <summary>Installs libtorch in the user's own folder, completely or not at all.</summary>
/// <param name="Backend">The backend of libtorch: "cpu" or "cuda-12.8".</param>
/// <param name="Sources">The NuGet sources of the packages.</param>
internal sealed record LibtorchSetup(string Backend, PackageSources Sources)
{
    private const string LockFileName = ".lock";

    /// <summary>The backends for which libtorch exists, in the form in which its package names contain them.</summary>
    public static string[] Backends { get; } = ["cpu", "cuda-12.8"];

    private static string Platform
    {
        get
        {
            string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    /// <summary>Downloads libtorch, checks it, and moves it to its folder.</summary>
    /// <param name="replace">Whether an existing libtorch is downloaded again and replaced.</param>
    /// <param name="told">Progress callback; called often.</param>
    /// <param name="cancel">Token that stops the download; nothing is left behind then.</param>
    /// <exception cref="DemException">
    /// DEM1008 (OutputBusy): another process does the same. DEM1025 (PackageNotFetched), DEM1026 (PackageDamaged): a package
    /// cannot be fetched, or is damaged. DEM4001, DEM4002 (WriteFailed): a file cannot be written.
    /// </exception>
    public async Task<LibtorchSetupReport> Run(bool replace, Action<LibtorchSetupProgress>? told, CancellationToken cancel)
    {
        string target = Libtorch.UserFolder(Backend), parent = Path.GetDirectoryName(target)!;
        if (Directory.Exists(target) && !replace)
            return new LibtorchSetupReport(target, [], [], true);

        try
        {
            Directory.CreateDirectory(parent);
            using FileStream alone = Lock(Path.Combine(parent, LockFileName));
            foreach (string left in Directory.GetDirectories(parent, "*.unfinished"))
                Directory.Delete(left, recursive: true);

            string staging = $"{target}.unfinished";
            Directory.CreateDirectory(staging);
            try
            {
                var (packages, unchecked_) = await Fill(staging, told, cancel);
                if (!File.Exists(Path.Combine(staging, LibraryName)))
                    throw new DemException(
                        ErrorCode.PackageDamaged,
                        $"the packages {string.Join(", ", packages)} hold no {LibraryName} for {Platform}");
                if (Directory.Exists(target))
                    Directory.Delete(target, recursive: true);
                Directory.Move(staging, target);
                return new LibtorchSetupReport(target, packages, unchecked_, false);
            }
            finally
            {
                if (Directory.Exists(staging))
                    Directory.Delete(staging, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, target);
        }
    }

    private static string LibraryName => Path.GetFileName(new Libtorch("", null, false).PathOf("torch_cpu"));

    private async Task<(List<string> Packages, List<string> Unchecked)> Fill(
        string staging, Action<LibtorchSetupProgress>? told, CancellationToken cancel)
    {
        List<string> packages = [], notChecked = [];
        var files = new NativeFiles(staging, Platform);
        var root = new PackageIdentity($"libtorch-{Backend}-{Platform}", NuGetVersion.Parse(Libtorch.RequiredVersion));
        var open = new Queue<PackageIdentity>([root]);
        var seen = new HashSet<PackageIdentity> { root };
        while (open.TryDequeue(out PackageIdentity? package))
        {
            string name = $"{package.Id} {package.Version}";
            string file = Path.Combine(staging, "package.nupkg");
            if (!await Sources.Fetch(
                package,
                file,
                bytes => told?.Invoke(new LibtorchSetupProgress(name, packages.Count, seen.Count, bytes)),
                cancel))
                notChecked.Add(name);
            using (var reader = new PackageArchiveReader(file))
            {
                await files.Take(reader, cancel);

                // The package of a large libtorch names the packages of its parts as dependencies.
                foreach (PackageDependency part in (await reader.GetPackageDependenciesAsync(cancel))
                    .SelectMany(group => group.Packages))
                {
                    var identity = new PackageIdentity(part.Id, part.VersionRange.MinVersion);
                    if (part.Id.StartsWith($"{root.Id}-", StringComparison.OrdinalIgnoreCase) && seen.Add(identity))
                        open.Enqueue(identity);
                }
            }

            File.Delete(file);
            packages.Add(name);
        }

        await files.Join(cancel);
        return (packages, notChecked);
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e)
        {
            throw new DemException(
                ErrorCode.OutputBusy, $"{path}: {e.Message}", e, "Wait until the other `dem setup` has ended.");
        }
    }
}
