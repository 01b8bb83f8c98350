using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace DemEngine.Training.Native;

/// <summary>A folder with libtorch, Torch's native libraries.</summary>
/// <param name="Folder">The folder that holds them all, <c>libtorch_cpu.so</c> among them.</param>
/// <param name="Version">Its version where the folder says it, such as "2.10.0".</param>
/// <param name="HasCuda">Whether it computes on NVIDIA's devices.</param>
public sealed partial record Libtorch(string Folder, string? Version, bool HasCuda)
{
    /// <summary>The environment variable that names an existing libtorch, in place of all others.</summary>
    public const string Variable = "DEM_LIBTORCH";

    /// <summary>The version that this build's TorchSharp is made for. No other one fits.</summary>
    public static string RequiredVersion { get; } =
        typeof(Libtorch).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "LibtorchVersion").Value!;

    /// <summary>Where the user's own libtorch of a backend ("cpu" or "cuda-12.8") lies, whether it is there or not.</summary>
    public static string UserFolder(string backend) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "DemEngine", "libtorch", $"{RequiredVersion}-{backend}");

    /// <summary>
    /// Finds libtorch: the one that <see cref="Variable"/> names, else the user's own for NVIDIA's devices, else the one that comes with the program, else the
    /// user's own for processors.
    /// </summary>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="DemException">DEM1021: <see cref="Variable"/> names a folder without libtorch, or with another version of it.</exception>
    public static Libtorch? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return FindNamed(named);
        return new[] { UserFolder("cuda-12.8") }.Concat(ProgramFolders()).Append(UserFolder("cpu")).Where(Holds).Select(Describe).FirstOrDefault();
    }

    /// <summary>The file of one of its libraries.</summary>
    /// <param name="name">Without prefix and extension, such as "torch_cpu".</param>
    public string PathOf(string name) => Path.Combine(Folder, FileName(name));

    /// <inheritdoc/>
    public override string ToString() => $"libtorch {Version ?? RequiredVersion} {(HasCuda ? "for CUDA" : "for processors")} in {Folder}";

    /// <summary>The system's name of the file of a library.</summary>
    internal static string FileName(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    /// <summary>Where the runtime looks for the native libraries of this program.</summary>
    internal static IEnumerable<string> ProgramFolders() =>
        (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat([AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native")]);

    private static Libtorch FindNamed(string named)
    {
        // An unpacked libtorch and an installed Python package have the libraries in a folder "lib".
        string? folder = new[] { named, Path.Combine(named, "lib") }.FirstOrDefault(Holds);
        if (folder is null)
            throw new DemException(ErrorCode.TorchNotLoaded, $"{Variable} names {named}, but neither that folder nor its subfolder lib has {FileName("torch_cpu")}");

        Libtorch found = Describe(Path.GetFullPath(folder));
        if (found.Version is { } version && version != RequiredVersion)
            throw new DemException(ErrorCode.TorchNotLoaded, $"{Variable} names {named}, which is libtorch {version}; this program needs {RequiredVersion}");
        return found;
    }

    private static bool Holds(string folder) => File.Exists(Path.Combine(folder, FileName("torch_cpu")));

    private static Libtorch Describe(string folder) => new(folder, ReadVersion(folder), File.Exists(Path.Combine(folder, FileName("torch_cuda"))));

    /// <summary>libtorch as a download has its version in <c>build-version</c>, as a Python package in <c>version.py</c>, both beside "lib".</summary>
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
