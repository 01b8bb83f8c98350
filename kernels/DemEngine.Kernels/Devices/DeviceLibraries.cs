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
    private static readonly Lazy<bool> Registered = new(Register);

    /// <summary>Lets ILGPU find the versioned names too. Must be called before ILGPU looks for devices.</summary>
    public static void FindVersioned() => _ = Registered.Value;

    /// <summary>Whether there is a CUDA driver. The check is cheap, whereas looking for devices is not.</summary>
    public static bool HasCuda => Exists(OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"]);

    /// <summary>Whether there is an OpenCL library.</summary>
    public static bool HasOpenCL => Exists(OperatingSystem.IsWindows() ? ["OpenCL.dll"] : ["libOpenCL.so.1", "libOpenCL.so"]);

    private static bool Exists(string[] names) => names.Any(name => NativeLibrary.TryLoad(name, out _));

    private static bool Register()
    {
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
            "CUDA" => "libcuda.so.1",
            "OPENCL" => "libOpenCL.so.1",
            _ => null,
        };
        return versioned is not null && NativeLibrary.TryLoad(versioned, out nint handle) ? handle : 0;
    }
}
