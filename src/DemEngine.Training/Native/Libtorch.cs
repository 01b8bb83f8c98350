using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace DemEngine.Training.Native;

/// <summary>A folder with libtorch, Torch's native libraries.</summary>
/// <param name="Folder">Folder that contains all the libraries, <c>libtorch_cpu.so</c> among them.</param>
/// <param name="Version">Version such as "2.10.0"; null where the folder does not state it.</param>
/// <param name="HasCuda">True if it computes on NVIDIA's devices.</param>
public sealed partial record Libtorch(string Folder, string? Version, bool HasCuda)
{
    /// <summary>Environment variable that names an existing libtorch, which takes precedence over all others.</summary>
    public const string Variable = "DEM_LIBTORCH";

    /// <summary>Version that this build's TorchSharp is made for; no other version fits.</summary>
    public static string RequiredVersion { get; } =
        typeof(Libtorch).Assembly
            .GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(data => data.Key == "LibtorchVersion").Value!;

    /// <summary>
    /// Path of the user's own libtorch for a backend ("cpu" or "cuda-12.8"), whether it exists or not.
    /// </summary>
    public static string UserFolder(string backend) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "DemEngine",
        "libtorch",
        $"{RequiredVersion}-{backend}");

    /// <summary>
    /// Finds libtorch: the one that <see cref="Variable"/> names, else the user's own for NVIDIA's devices, else the one that
    /// comes with the program, else the user's own for processors.
    /// </summary>
    /// <returns>The libtorch found; null if there is none.</returns>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded): <see cref="Variable"/> names a folder without libtorch, or with another version of it.
    /// </exception>
    public static Libtorch? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return FindNamed(named);
        return new[] { UserFolder("cuda-12.8") }
            .Concat(ProgramFolders())
            .Append(UserFolder("cpu"))
            .Where(Holds)
            .Select(Describe)
            .FirstOrDefault();
    }

    /// <summary>Path of one of the libraries.</summary>
    /// <param name="name">Name of the library without prefix and extension, such as "torch_cpu".</param>
    public string PathOf(string name) => Path.Combine(Folder, FileName(name));

    /// <inheritdoc/>
    public override string ToString() =>
        $"libtorch {Version ?? RequiredVersion} {(HasCuda ? "for CUDA" : "for processors")} in {Folder}";

    /// <summary>File name of a library on this system.</summary>
    internal static string FileName(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    /// <summary>Folders in which the runtime looks for the native libraries of this program.</summary>
    internal static IEnumerable<string> ProgramFolders() =>
        (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(
        [
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"),
        ]);

    private static Libtorch FindNamed(string named)
    {
        // An unpacked libtorch and an installed Python package have the libraries in a folder "lib".
        string? folder = new[] { named, Path.Combine(named, "lib") }.FirstOrDefault(Holds);
        if (folder is null)
            throw new DemException(
                ErrorCode.TorchNotLoaded,
                $"{Variable} names {named}, but neither that folder nor its subfolder lib has {FileName("torch_cpu")}");

        Libtorch found = Describe(Path.GetFullPath(folder));
        if (found.Version is { } version && version != RequiredVersion)
            throw new DemException(
                ErrorCode.TorchNotLoaded,
                $"{Variable} names {named}, which is libtorch {version}; this program needs {RequiredVersion}");
        return found;
    }

    private static bool Holds(string folder) => File.Exists(Path.Combine(folder, FileName("torch_cpu")));

    private static Libtorch Describe(string folder) =>
        new(folder, ReadVersion(folder), File.Exists(Path.Combine(folder, FileName("torch_cuda"))));

    /// <summary>
    /// Reads the version of libtorch. A download states it in <c>build-version</c>, a Python package in <c>version.py</c>, both
    /// beside the folder "lib".
    /// </summary>
    private static string? ReadVersion(string folder)
    {
        foreach (string file in new[] { "build-version", "version.py" })
        {
            string path = Path.Combine(folder, "..", file);
            if (File.Exists(path) && VersionPattern().Match(File.ReadAllText(path)) is { Success: true } match)
                return match.Value;
        }

        return null;
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex VersionPattern();
}
