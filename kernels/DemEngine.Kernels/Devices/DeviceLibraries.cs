using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace DemEngine.Kernels.Devices;

/// <summary>
/// Finds the drivers' native libraries. Drivers install libcuda.so.1 and libOpenCL.so.1; the names without a version, which ILGPU
/// asks for, come with toolkits.
/// </summary>
internal static class DeviceLibraries
{
    /// <summary>Name of CUDA's driver library in this assembly's own imports.</summary>
    public const string Cuda = "nvcuda";

    private static readonly Lazy<bool> Registered = new(Register);

    /// <summary>Lets ILGPU find the versioned names too. Must be called before ILGPU looks for devices.</summary>
    public static void FindVersioned() => _ = Registered.Value;

    /// <summary>Whether there is a CUDA driver. The check is cheap, whereas looking for devices is not.</summary>
    public static bool HasCuda => Exists(OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"]);

    /// <summary>Whether there is an OpenCL library.</summary>
    public static bool HasOpenCL => Exists(OperatingSystem.IsWindows() ? ["OpenCL.dll"] : ["libOpenCL.so.1", "libOpenCL.so"]);

    /// <summary>
    /// A function that CUDA's driver library should have and has not; null if it is complete, or not there. ILGPU takes such a
    /// library for one that finds no device.
    /// </summary>
    public static string? LackOfCuda { get; } = FindLack();

    private static string? FindLack()
    {
        string[] needed =
        [
            "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGetAttribute", "cuCtxCreate_v2", "cuCtxGetCurrent",
            "cuMemAlloc_v2", "cuMemHostRegister_v2", "cuMemcpyAsync", "cuModuleLoadDataEx", "cuLaunchKernel",
            "cuEventElapsedTime",
        ];
        string[] names = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return needed.FirstOrDefault(function => !NativeLibrary.TryGetExport(library, function, out _));
        }

        return null;
    }

    private static bool Exists(string[] names) => names.Any(name => NativeLibrary.TryLoad(name, out _));

    private static bool Register()
    {
        NativeLibrary.SetDllImportResolver(typeof(DeviceLibraries).Assembly, Resolve);

        // Under WSL, ILGPU sets a resolver itself, once, and fails if there is one already.
        if (!OperatingSystem.IsLinux() || Directory.Exists("/usr/lib/wsl/lib"))
            return false;

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
            return true;
        }
        catch (InvalidOperationException)
        {
            // The host program has set a resolver of its own.
            return false;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string? versioned = name.ToUpperInvariant() switch
        {
            "CUDA" or "NVCUDA" when !OperatingSystem.IsWindows() => "libcuda.so.1",
            "OPENCL" when !OperatingSystem.IsWindows() => "libOpenCL.so.1",
            _ => null,
        };
        return versioned is not null && NativeLibrary.TryLoad(versioned, out nint handle) ? handle : 0;
    }
}
