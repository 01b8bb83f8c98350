using DemEngine.Training.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace DemEngine.Training;

/// <summary>The native library: whether it can be loaded, and what it computes on.</summary>
public static class TorchLibrary
{
    /// <summary>Loads the native library, if it is not loaded yet.</summary>
    /// <exception cref="DemException">DEM1021: it cannot be loaded.</exception>
    public static void Load()
    {
        try
        {
            InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw new DemException(ErrorCode.TorchNotLoaded, FirstLine(e), e);
        }
    }

    /// <summary>Finds a device and has the library use so many threads, in this process as a whole.</summary>
    /// <param name="name">See <see cref="DeviceName"/>.</param>
    /// <param name="threads">For work on the processor.</param>
    /// <exception cref="DemException">DEM1021: the library cannot be loaded. DEM1022: there is no such device.</exception>
    public static Device Open(string name, int threads)
    {
        Load();
        set_num_threads(threads);
        if (name == DeviceName.Processor)
            return CPU;

        if (!DeviceName.TryParseCuda(name, out int index))
            throw new DemException(ErrorCode.NoTorchDevice, $"there is no device {name}; devices are cpu, cuda and cuda:N");
        try
        {
            if (TryInitializeDeviceType(DeviceType.CUDA) && index < cuda.device_count())
                return new Device(DeviceType.CUDA, index);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException)
        {
            throw new DemException(ErrorCode.NoTorchDevice, $"{name}: {FirstLine(e)}", e);
        }

        throw new DemException(ErrorCode.NoTorchDevice, $"{name}: Torch finds no such device");
    }

    private static string FirstLine(Exception e) => (e.InnerException ?? e).Message.Trim().Split('\n')[0];
}
