using System.Collections.Concurrent;
using DemEngine.Backends;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>
/// A device, opened once for all tests: opening it and compiling for it takes longer than most of them, and so many workers share it. Its
/// buffers are so small that the larger tensors are cut into parts. Freed with the process.
/// </summary>
internal sealed class SharedBackend(DeviceName name) : IMergeBackend
{
    private const long MaxVramBytes = 512 << 10;

    private static readonly ConcurrentDictionary<DeviceName, Lazy<IlgpuBackend>> Opened = new();

    private readonly Lazy<IlgpuBackend> _shared = Opened.GetOrAdd(name, new Lazy<IlgpuBackend>(() => IlgpuBackend.Open(name, MaxVramBytes)));

    public string Name => _shared.Value.Name;

    public string Description => _shared.Value.Description;

    public ITileWorker CreateWorker() => _shared.Value.CreateWorker();

    public IThinProducts CreateThinProducts() => ((IMergeBackend)_shared.Value).CreateThinProducts();

    public void Dispose()
    {
        // The other tests go on with it.
    }
}
