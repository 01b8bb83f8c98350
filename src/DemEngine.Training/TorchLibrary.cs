using System.Reflection;
using System.Runtime.InteropServices;
using DemEngine.Training.Native;
using DemEngine.Training.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace DemEngine.Training;

/// <summary>The native library: whether it can be loaded, and what it computes on.</summary>
public static class TorchLibrary
{
    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>Finds libtorch, and makes sure that it can be loaded, without loading it.</summary>
    /// <exception cref="DemException">DEM1021, DEM1023, DEM1024: it is not there, or cannot be loaded on this system.</exception>
    public static Libtorch Check()
    {
        Libtorch libtorch = Libtorch.Find() ?? throw new DemException(
            ErrorCode.TorchNotFound,
            $"libtorch {Libtorch.RequiredVersion} is neither with this program nor in {Libtorch.UserFolder("cpu")}, and {Libtorch.Variable} names no other");

        CheckSystem();
        return libtorch;
    }

    /// <summary>Makes sure that this system has what TorchSharp needs, libtorch aside.</summary>
    /// <exception cref="DemException">DEM1021: TorchSharp is not made for this system. DEM1024: one of the system's libraries is too old.</exception>
    public static void CheckSystem()
    {
        // TorchSharp's own library, which calls libtorch.
        string wrapper = Libtorch.ProgramFolders().Select(folder => Path.Combine(folder, Libtorch.FileName("LibTorchSharp"))).FirstOrDefault(File.Exists)
            ?? throw new DemException(ErrorCode.TorchNotLoaded, $"TorchSharp has no native library for {RuntimeInformation.RuntimeIdentifier}",
                remedy: "Train on Linux or Windows on x64, on Windows on Arm, or on a Mac with Apple's processor.");
        if (OperatingSystem.IsLinux() && SystemLibraries.Check(wrapper) is { } missing)
        {
            throw new DemException(
                ErrorCode.SystemLibraryTooOld, missing.ToString(), remedy: LinuxDistribution.Current().Remedy(missing));
        }
    }

    /// <summary>Loads the native library, if it is not loaded yet.</summary>
    /// <exception cref="DemException">DEM1021, DEM1023, DEM1024: it is not there, or cannot be loaded.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_loaded)
                return;

            // Loaded by their paths first, so that TorchSharp finds them whatever folder they are in. Where TorchSharp itself
            // fails to find them it writes to standard output and copies files about.
            Libtorch libtorch = Check();
            try
            {
                foreach (string name in new[] { "c10", "torch_cpu", "torch" })
                    NativeLibrary.Load(libtorch.PathOf(name));
                InitializeDeviceType(DeviceType.CPU);
            }
            catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException or BadImageFormatException or EntryPointNotFoundException)
            {
                throw new DemException(ErrorCode.TorchNotLoaded, $"{libtorch}: {FirstLine(e)}", e);
            }

            _loaded = true;
        }
    }

    /// <summary>Finds a device and has the library use so many threads, in this process as a whole.</summary>
    /// <param name="name">See <see cref="DeviceName"/>.</param>
    /// <param name="threads">For work on the processor.</param>
    /// <exception cref="DemException">DEM1021, DEM1023, DEM1024: the library is not there, or cannot be loaded. DEM1022: there is no such device.</exception>
    public static Device Open(string name, int threads)
    {
        Load();
        set_num_threads(threads);
        if (name == DeviceName.Processor)
            return CPU;

        if (!DeviceName.TryParseCuda(name, out int index))
            throw new DemException(ErrorCode.NoTorchDevice, $"there is no device {name}; devices are cpu, cuda and cuda:N");
        Libtorch libtorch = Libtorch.Find()!;
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

        throw new DemException(ErrorCode.NoTorchDevice, $"{name}: Torch finds no such device", remedy: "See with nvidia-smi which devices and which driver there are; --device cpu is always there.");
    }

    /// <summary>What there is of Torch, without loading it.</summary>
    /// <returns>A line: name and version, and where libtorch is or why it cannot be used. Where it cannot, a second one: what to do about it.</returns>
    public static IReadOnlyList<string> Describe()
    {
        try
        {
            return [$"{Wrapper}, {Check()}"];
        }
        catch (DemException e)
        {
            return [$"{Wrapper}, cannot be used: {e.Message}", e.Remedy];
        }
    }

    private static string Wrapper { get; } =
        $"TorchSharp {typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    private static string FirstLine(Exception e) => (e.InnerException ?? e).Message.Trim().Split('\n')[0];
}
