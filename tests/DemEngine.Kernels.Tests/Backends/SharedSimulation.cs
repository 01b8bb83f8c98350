using DemEngine.Backends;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>
/// ILGPU's simulation, opened once for all tests: opening it and compiling for it takes longer than most of them. Its buffer is so small that the
/// larger tensors are cut into parts. Freed with the process.
/// </summary>
internal sealed class SharedSimulation : IMergeBackend
{
    private const long MaxVramBytes = 512 << 10;

    private static readonly Lazy<IlgpuBackend> Shared = new(() => IlgpuBackend.Open(new DeviceName(AcceleratorType.CPU, 0), MaxVramBytes));

    public string Name => Shared.Value.Name;

    public string Description => Shared.Value.Description;

    public ITileWorker CreateWorker() => Shared.Value.CreateWorker();

    public void Dispose()
    {
        // The other tests go on with it.
    }
}
