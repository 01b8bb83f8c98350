using DemEngine.Backends;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>The kernels on ILGPU's simulation, with a buffer so small that the larger tensors are cut into parts.</summary>
[TestFixture]
public sealed class SimulatedBackendTests : BackendSuite
{
    private const long MaxVramBytes = 512 << 10;

    // Opening a device and compiling for it takes longer than most of the tests. Freed with the process.
    private static readonly Lazy<IlgpuBackend> Shared = new(() => IlgpuBackend.Open(new DeviceName(AcceleratorType.CPU, 0), MaxVramBytes));

    protected override IMergeBackend CreateBackend() => new Borrowed(Shared.Value);

    private sealed class Borrowed(IMergeBackend backend) : IMergeBackend
    {
        public string Name => backend.Name;

        public string Description => backend.Description;

        public ITileWorker CreateWorker() => backend.CreateWorker();

        public void Dispose()
        {
            // The other tests go on with it.
        }
    }
}
