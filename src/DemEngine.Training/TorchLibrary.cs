using System.Reflection;
using System.Runtime.InteropServices;
using DemEngine.Training.Native;
using DemEngine.Training.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace DemEngine.Training;

/// <summary>Finds and loads Torch's native library, and opens the devices that it computes on.</summary>
public static class TorchLibrary
{
    private static readonly Lock Gate = new();
    private static Libtorch? _loaded;

    /// <summary>Finds libtorch and makes sure that it can be loaded, without loading it.</summary>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded), DEM1023 (TorchNotFound), DEM1024 (SystemLibraryTooOld): libtorch is missing or cannot be loaded
    /// on this system.
    /// </exception>
    public static Libtorch Check()
    {
        Libtorch libtorch = Libtorch.Find() ?? throw new DemException(
            ErrorCode.TorchNotFound,
            $"libtorch {Libtorch.RequiredVersion} is neither with this program nor in {Libtorch.UserFolder("cpu")}, "
            + $"and {Libtorch.Variable} names no other");

        CheckSystem();
        return libtorch;
    }

    /// <summary>Makes sure that this system has what TorchSharp needs, apart from libtorch.</summary>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded): TorchSharp is not made for this system. DEM1024 (SystemLibraryTooOld): one of the system's
    /// libraries is too old.
    /// </exception>
    public static void CheckSystem()
    {
        // The wrapper is TorchSharp's own library, which calls libtorch.
        string wrapper = Libtorch.ProgramFolders()
            .Select(folder => Path.Combine(folder, Libtorch.FileName("LibTorchSharp")))
            .FirstOrDefault(File.Exists)
            ?? throw new DemException(
                ErrorCode.TorchNotLoaded,
                $"TorchSharp has no native library for {RuntimeInformation.RuntimeIdentifier}",
                remedy: "Train on Linux or Windows on x64, on Windows on Arm, or on a Mac with Apple's processor.");
        if (OperatingSystem.IsLinux() && SystemLibraries.Check(wrapper) is { } missing)
        {
            throw new DemException(
                ErrorCode.SystemLibraryTooOld, missing.ToString(), remedy: LinuxDistribution.Current().Remedy(missing));
        }
    }

    /// <summary>Loads the native library, if it is not loaded yet.</summary>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded), DEM1023 (TorchNotFound), DEM1024 (SystemLibraryTooOld): it is missing or cannot be loaded.
    /// </exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_loaded is not null)
                return;

            // The libraries are loaded by their paths first, so that TorchSharp finds them whatever folder they are in. Where
            // TorchSharp itself fails to find them, it writes to standard output and copies files about.
            Libtorch libtorch = Check();
            try
            {
                foreach (string name in new[] { "c10", "torch_cpu", "torch" })
                    NativeLibrary.Load(libtorch.PathOf(name));
                InitializeDeviceType(DeviceType.CPU);
            }
            catch (Exception e) when (e is NotSupportedException
                or DllNotFoundException
                or TypeInitializationException
                or BadImageFormatException
                or EntryPointNotFoundException)
            {
                throw new DemException(ErrorCode.TorchNotLoaded, $"{libtorch}: {FirstLine(e)}", e);
            }

            _loaded = libtorch;
        }
    }

    /// <summary>Opens a device and sets the number of threads that the library uses in the whole process.</summary>
    /// <param name="name">Name of the device; see <see cref="DeviceName"/>.</param>
    /// <param name="threads">Number of threads for work on the processor.</param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded), DEM1023 (TorchNotFound), DEM1024 (SystemLibraryTooOld): the library is missing or cannot be
    /// loaded. DEM1022 (NoTorchDevice): there is no such device.
    /// </exception>
    public static Device Open(string name, int threads)
    {
        Load();
        set_num_threads(threads);
        if (name == DeviceName.Processor)
            return CPU;

        if (!DeviceName.TryParseCuda(name, out int index))
            throw new DemException(ErrorCode.NoTorchDevice, $"there is no device {name}; devices are cpu, cuda and cuda:N");
        Libtorch libtorch = _loaded!;
        if (!libtorch.HasCuda)
            throw new DemException(ErrorCode.NoTorchDevice, $"{name}: {libtorch} computes on processors only");
        try
        {
            NativeLibrary.Load(libtorch.PathOf("torch_cuda"));
            if (TryInitializeDeviceType(DeviceType.CUDA) && index < cuda.device_count())
                return new Device(DeviceType.CUDA, index);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or BadImageFormatException)
        {
            throw new DemException(ErrorCode.NoTorchDevice, $"{name}: {FirstLine(e)}", e);
        }

        throw new DemException(
            ErrorCode.NoTorchDevice,
            $"{name}: Torch finds no such device",
            remedy: "See with nvidia-smi which devices and which driver there are; --device cpu is always there.");
    }

    /// <summary>Name and version of the library that calls libtorch.</summary>
    public static string Name { get; } =
        $"TorchSharp {typeof(torch).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]}";

    private static string FirstLine(Exception e) => (e.InnerException ?? e).Message.Trim().Split('\n')[0];
}
