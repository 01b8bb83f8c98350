using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels;

/// <summary>Merges on a device through ILGPU: CUDA, OpenCL, or ILGPU's own simulation on the processor, which is for tests.</summary>
public sealed class IlgpuBackend : IMergeBackend
{
    /// <summary>How much device memory is used if nothing else is said.</summary>
    public const long DefaultMaxVramBytes = 1_000_000_000;

    /// <summary>The least that can be worked with.</summary>
    public const long LeastVramBytes = 64 << 10;

    private readonly Context _context;
    private readonly Accelerator _accelerator;
    private readonly TileBufferPool _pool;
    private readonly KernelTable _kernels;

    private IlgpuBackend(string name, Context context, Accelerator accelerator, long maxVramBytes)
    {
        Name = name;
        _context = context;
        _accelerator = accelerator;
        _pool = new TileBufferPool(accelerator, maxVramBytes);
        _kernels = new KernelTable(accelerator);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Description => _accelerator.Name;

    /// <summary>Opens a device.</summary>
    /// <param name="name">Which.</param>
    /// <param name="maxVramBytes">
    /// Most device memory for tensors, whatever their size and the number of workers. As much host memory is page-locked. What the driver
    /// takes for itself comes on top.
    /// </param>
    /// <exception cref="DemException">DEM1010: there is no such device, or it cannot be used.</exception>
    public static IlgpuBackend Open(DeviceName name, long maxVramBytes = DefaultMaxVramBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxVramBytes, LeastVramBytes);
        Context context = DeviceList.CreateContext();
        try
        {
            Device device = DeviceList.Of(context, name.Kind).ElementAtOrDefault(name.Index)
                ?? throw new DemException(ErrorCode.NoSuchDevice, $"there is no device {name}");
            return DeviceList.Unusable(device) is { } reason
                ? throw new DemException(ErrorCode.NoSuchDevice, $"{name} ({device.Name}) cannot be used: {reason}")
                : new IlgpuBackend($"{name}", context, device.CreateAccelerator(context), maxVramBytes);
        }
        catch (Exception e)
        {
            context.Dispose();
            if (DeviceFault.Is(e))
                throw new DemException(ErrorCode.NoSuchDevice, $"{name} cannot be used: {e.Message.ReplaceLineEndings(" ")}", e);
            throw;
        }
    }

    /// <summary>Opens the first CUDA device that can be used, or gives null where there is none.</summary>
    /// <param name="maxVramBytes">As for <see cref="Open"/>.</param>
    public static IlgpuBackend? OpenCuda(long maxVramBytes = DefaultMaxVramBytes)
    {
        if (!DeviceLibraries.HasCuda)
            return null;

        DeviceInfo? usable = DeviceList.Find().FirstOrDefault(
            device => device.Unusable is null && device.Name.StartsWith("cuda", StringComparison.Ordinal));
        return usable is not null && DeviceName.TryParse(usable.Name, out DeviceName name) ? Open(name, maxVramBytes) : null;
    }

    /// <inheritdoc/>
    public ITileWorker CreateWorker() => new IlgpuTileWorker(Name, _kernels, _pool);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _pool.Dispose();
            _accelerator.Dispose();
            _context.Dispose();
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            // A lost device cannot be given anything back; what lost it has been reported.
        }
    }
}
