using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>The kernels on the first CUDA device, which is the emulated one where there is no driver, and the first OpenCL device; skipped where there is none.</summary>
[TestFixture(AcceleratorType.Cuda)]
[TestFixture(AcceleratorType.OpenCL)]
public sealed class DeviceBackendTests(AcceleratorType kind) : BackendSuite
{
    private static readonly Lazy<IReadOnlyList<DeviceInfo>> Devices = new(DeviceList.Find);

    [SetUp]
    public void Skip_without_a_device()
    {
        var name = new DeviceName(kind, 0);
        DeviceInfo? device = Devices.Value.FirstOrDefault(device => device.Name == name);
        if (device is null)
            Assert.Ignore($"this machine has no device {name}");
        if (device.Unusable is { } reason)
            Assert.Ignore($"{name} ({device.Model}) cannot be used: {reason}");
    }

    protected override IMergeBackend CreateBackend() => new SharedBackend(new DeviceName(kind, 0));
}
