using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DemEngine.Emulation;

/// <summary>
/// The driver of this folder, compiled with the machine's C compiler under the name that drivers have, in a folder of its own.
/// </summary>
internal sealed class CudaEmulator : IDisposable
{
    private CudaEmulator(string? folder, string? missing)
    {
        Folder = folder;
        Missing = missing;
    }

    /// <summary>Folder of the library; null if it could not be made.</summary>
    public string? Folder { get; }

    /// <summary>Why it could not be made; null if it was.</summary>
    public string? Missing { get; }

    /// <summary>Path of the library.</summary>
    public string Library => Path.Combine(Folder!, "libcuda.so.1");

    /// <summary>Compiles the driver, where there is something to compile it with.</summary>
    /// <param name="source">A C file to take in place of the driver, for a library that is broken.</param>
    /// <exception cref="InvalidOperationException">The compiler refuses it, or there is none although CI is true.</exception>
    public static CudaEmulator Build(string? source = null)
    {
        if (!OperatingSystem.IsLinux())
            return Without("the emulated CUDA driver is for Linux");

        string folder = Directory.CreateTempSubdirectory("dem-cuda-").FullName;
        string[] options = ["-std=gnu11", "-O3", .. ThisProcessor, "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"];
        string[] sources = source is null ? Directory.GetFiles(Path.GetDirectoryName(ThisFile())!, "*.c") : [source];
        try
        {
            using var compiler = Process.Start(
                new ProcessStartInfo("cc", [.. options, "-o", Path.Combine(folder, "libcuda.so.1"), .. sources, "-lpthread", "-lm"]) { RedirectStandardError = true })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
                throw new InvalidOperationException($"the emulated CUDA driver does not compile:\n{errors}");
            return new CudaEmulator(folder, null);
        }
        catch (Win32Exception)
        {
            Directory.Delete(folder);
            return Environment.GetEnvironmentVariable("CI") == "true"
                ? throw new InvalidOperationException("there is no C compiler (cc) for the emulated CUDA driver, and CI may not pass without it")
                : Without("there is no C compiler (cc) to make the emulated CUDA driver with");
        }
    }

    public void Dispose()
    {
        if (Folder is not null)
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Instructions of this processor may be used where every compiler knows how it is asked for them: nobody else runs the library.</summary>
    private static string[] ThisProcessor => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? ["-march=native"] : [];

    private static CudaEmulator Without(string reason) => new(null, reason);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
