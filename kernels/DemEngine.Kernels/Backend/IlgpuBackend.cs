using DemEngine.Backends;
using DemEngine.Backends.Devices;
using DemEngine.Kernels.Deltas;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Measuring;
using DemEngine.Kernels.Rows;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics.LowRank;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace DemEngine.Kernels.Backend;

/// <summary>
/// A backend that merges on a device through ILGPU: CUDA, OpenCL, or ILGPU's simulation on the processor, which is for tests.
/// </summary>
public sealed class IlgpuBackend : IDeviceBench
{
    /// <summary>Device memory in bytes that is used if no other limit is given.</summary>
    public const long DefaultMaxVramBytes = 1_000_000_000;

    /// <summary>Minimum of device memory in bytes with which the backend works.</summary>
    public const long MinVramBytes = 64 << 10;

    private readonly Accelerator _accelerator;
    private readonly TileBufferPool _pool;
    private readonly KernelTable _kernels;
    private readonly DeltaKernelTable _deltaKernels;
    private readonly RowKernelTable _rowKernels;
    private readonly TimelineRecorder _recorder;
    private readonly long _maxVramBytes;

    private IlgpuBackend(DeviceName name, Accelerator accelerator, long? maxVramBytes)
    {
        Name = $"{name}";
        _accelerator = accelerator;
        _maxVramBytes = maxVramBytes ?? MostOfWhatIsFree(accelerator);
        _recorder = new TimelineRecorder(accelerator);
        _pool = new TileBufferPool(accelerator, _maxVramBytes);
        _kernels = new KernelTable(accelerator);
        _deltaKernels = new DeltaKernelTable(accelerator);
        _rowKernels = new RowKernelTable(accelerator);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Description => _accelerator.Name;

    /// <inheritdoc/>
    public int MinWorkers => 4; // Three tiles are on the device, and one is being gathered or written.

    /// <summary>Opens a device.</summary>
    /// <param name="name">Name of the device.</param>
    /// <param name="maxVramBytes">
    /// Maximum of device memory for tensors in bytes, whatever their size and the number of workers; null for most of what is
    /// free when the device is opened. For what does not stay on the device, at most 256 MiB, as much host memory is page-locked.
    /// The memory that the driver takes for itself comes on top.
    /// </param>
    /// <exception cref="DemException">DEM1010 (NoSuchDevice): there is no such device, or it cannot be used.</exception>
    public static IlgpuBackend Open(DeviceName name, long? maxVramBytes = DefaultMaxVramBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxVramBytes ?? MinVramBytes, MinVramBytes);
        try
        {
            if (DeviceList.Get(name) is { } device)
                return new IlgpuBackend(name, DeviceContext.Open(device), maxVramBytes);
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            throw new DemException(ErrorCode.NoSuchDevice, $"{name} cannot be used: {DeviceFault.Said(e)}", e);
        }

        IReadOnlyList<DeviceInfo> found = DeviceList.Find();
        string reason = found.FirstOrDefault(info => info.Name == name)?.Unusable
            ?? DeviceList.WhyNone(name.Kind, found)
            ?? "there are fewer";
        throw new DemException(ErrorCode.NoSuchDevice, $"{name} cannot be used: {reason}");
    }

    /// <summary>
    /// Opens all usable devices of a kind as one backend, such as <c>cuda:all</c>, which spreads tiles over them.
    /// </summary>
    /// <param name="kind">Kind of device: CUDA or OpenCL.</param>
    /// <param name="maxVramBytes">Maximum of device memory in bytes on each device, as in <see cref="Open"/>.</param>
    /// <exception cref="DemException">
    /// DEM1010 (NoSuchDevice): there is no usable device, or opening one fails.
    /// </exception>
    public static IMergeBackend OpenAll(AcceleratorType kind, long? maxVramBytes = DefaultMaxVramBytes)
    {
        IReadOnlyList<DeviceInfo> found = DeviceList.Find();
        if (DeviceList.WhyNone(kind, found) is { } reason)
            throw new DemException(ErrorCode.NoSuchDevice, reason);

        var members = new List<IMergeBackend>();
        try
        {
            foreach (DeviceInfo info in found.Where(info => info.Name.Kind == kind && info.Unusable is null))
                members.Add(Open(info.Name, maxVramBytes));
            return new MultiDeviceBackend(DeviceName.All(kind), members);
        }
        catch
        {
            foreach (IMergeBackend member in members)
                member.Dispose();
            throw;
        }
    }

    /// <summary>Opens the first usable CUDA device, or returns null where there is none.</summary>
    /// <param name="maxVramBytes">Maximum of device memory in bytes, as in <see cref="Open"/>.</param>
    /// <param name="whyNone">The reason why there is none.</param>
    public static IlgpuBackend? OpenCuda(long? maxVramBytes, out string? whyNone)
    {
        whyNone = "no CUDA device: the driver is not installed";
        if (!DeviceLibraries.HasCuda)
            return null;

        IReadOnlyList<DeviceInfo> found = DeviceList.Find();
        whyNone = DeviceList.WhyNone(AcceleratorType.Cuda, found);
        foreach (DeviceInfo info in found.Where(info => info.Name.Kind == AcceleratorType.Cuda && info.Unusable is null))
        {
            try
            {
                return Open(info.Name, maxVramBytes);
            }
            catch (DemException e)
            {
                whyNone ??= e.Message;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public long PeakDeviceBytes => _pool.PeakBytes;

    /// <inheritdoc/>
    public long? UsedDeviceBytes
    {
        get
        {
            using var context = new BoundContext(_accelerator);
            return _accelerator is CudaAccelerator cuda ? cuda.MemorySize - cuda.GetFreeMemory() : null;
        }
    }

    /// <summary>The kernels, ready to be measured within the device memory that the backend may still use.</summary>
    internal KernelCases KernelCases => new(_accelerator, _kernels, _maxVramBytes - _pool.PeakBytes);

    /// <summary>Number of bytes of inputs that were copied from host memory to the device.</summary>
    internal long BytesFromHost => _pool.Resident.BytesFromHost;

    /// <summary>Number of operations that did not fit the device's buffers, and that the processor did.</summary>
    internal long LeftToProcessor => _pool.LeftToProcessor;

    /// <inheritdoc/>
    public IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes)
    {
        using var context = new BoundContext(_accelerator);
        return _pool.Resident.Keep(bytes);
    }

    IDisposable? IMergeBackend.KeepBetweenRuns(IReadOnlyList<NativeBytes> inputs) => MakeResident(inputs);

    bool IMergeBackend.Holds(NativeBytes part) => _pool.Resident.Of(part)?.Has(part) == true;

    ITileWorker IMergeBackend.CreateWorker() => CreateWorker();

    DeviceRates IDeviceBench.MeasureRates(Action<string> report, CancellationToken cancel) => MeasureRates(report, cancel);

    DeviceTimeline IDeviceBench.StopTimeline() => StopTimeline();

    IThinProducts IMergeBackend.CreateThinProducts() => new DeviceThinProducts(Name, _accelerator, _kernels, _rowKernels);

    /// <inheritdoc/>
    internal ITileWorker CreateWorker() => new IlgpuTileWorker(Name, _kernels, _deltaKernels, _rowKernels, _pool, _recorder);

    /// <inheritdoc/>
    internal DeviceRates MeasureRates(Action<string> report, CancellationToken cancel)
    {
        try
        {
            using var context = new BoundContext(_accelerator);
            return DeviceBench.Run(_accelerator, _kernels, _maxVramBytes - _pool.PeakBytes, report, cancel);
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            throw DeviceFault.Name(e, Name);
        }
    }

    /// <inheritdoc/>
    public void StartTimeline()
    {
        using var context = new BoundContext(_accelerator);
        _recorder.Start();
    }

    /// <inheritdoc/>
    internal DeviceTimeline StopTimeline()
    {
        using var context = new BoundContext(_accelerator);
        return _recorder.Stop();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using BoundContext context = BoundContext.Keep(_accelerator.Device);
        using (new BoundContext(_accelerator))
            _pool.Dispose();
        DeviceFault.Free(_accelerator);
    }

    /// <summary>
    /// Seven eighths of the memory that nobody has taken; of the memory that there is, half, where the device does not say.
    /// </summary>
    private static long MostOfWhatIsFree(Accelerator accelerator)
    {
        if (accelerator.AcceleratorType == AcceleratorType.CPU)
            return DefaultMaxVramBytes;
        using var context = new BoundContext(accelerator);
        long most = accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() / 8 * 7 : accelerator.MemorySize / 2;
        return Math.Max(most, MinVramBytes);
    }
}
