using BenchmarkDotNet.Attributes;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Measuring;
using ILGPU.Runtime;

namespace DemEngine.Perf;

/// <summary>
/// The kernels on the first CUDA device, else the first OpenCL device, else ILGPU's simulation (whose figures say nothing), beside copying as
/// many bytes on the device.
/// </summary>
public class DeviceBenchmarks : IMovesBytes
{
    private const long DeviceBytes = 1_000_000_000;
    private const long SimulationBytes = 1_000_000;

    private static readonly Dictionary<string, long> Bytes = [];

    private IlgpuBackend? _backend;
    private KernelCase? _case;
    private DeviceCopy? _copy;

    public static IEnumerable<string> Names => KernelCases.Names;

    [ParamsSource(nameof(Names))]
    public string Kernel { get; set; } = "";

    // Known once it was set up, in this process.
    public long BytesMoved => Bytes.GetValueOrDefault(Kernel);

    [GlobalSetup]
    public void Setup()
    {
        DeviceName name = DeviceList.Find().First(device => device.Unusable is null).Name;
        bool isSimulated = name.Kind == AcceleratorType.CPU;
        Console.WriteLine($"// {name}{(isSimulated ? ", a simulation" : "")}");
        _backend = IlgpuBackend.Open(name, isSimulated ? SimulationBytes : DeviceBytes);
        _case = _backend.KernelCases.Make(Kernel);
        _copy = new DeviceCopy(_case.Stream, _case.Bytes / 2);
        Bytes[Kernel] = _case.Bytes;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _copy?.Dispose();
        _case?.Dispose();
        _backend?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        _copy!.Launch();
        _case!.Stream.Synchronize();
    }

    [Benchmark]
    public void Run()
    {
        _case!.Launch();
        _case.Stream.Synchronize();
    }
}
