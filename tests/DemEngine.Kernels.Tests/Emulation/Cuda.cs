using System.Runtime.InteropServices;
using DemEngine.Emulation;

namespace DemEngine.Kernels.Tests;

/// <summary>
/// The CUDA driver of these tests: the machine's own where it has one, and else the emulated one, which executes the kernels' PTX. There it has
/// two devices, of which the first has few binary64 units; groups run in either order, products are fused or not, and what is enqueued is done late, each by chance.
/// DEM_TESTS_EMULATE_CUDA=1 takes the emulated one in any case; EMULATED_CUDA_FUSE=2 and the like choose what is done by chance here.
/// </summary>
[SetUpFixture]
internal sealed class Cuda
{
    private static readonly (string Name, string Value)[] Usual = [("DEVICES", "2"), ("MINOR", "9"), ("FUSE", "3"), ("REVERSE", "2"), ("JITTER", "200"), ("MEMORY", "8000000000")];

    private const uint BlockingSync = 4;

    private static nint _library;

    private static string _missing = "this machine has a CUDA driver of its own; DEM_TESTS_EMULATE_CUDA=1 takes the emulated one";

    private delegate int Setter(string name, string value);

    private delegate long Counter(string name);

    private delegate int CreateContext(out nint context, uint flags, int device);

    private delegate int ReadContext(out nint context);

    private delegate int ChangeContext(nint context);

    [OneTimeSetUp]
    public void Load()
    {
        if (Environment.GetEnvironmentVariable("DEM_TESTS_EMULATE_CUDA") != "1" && NativeLibrary.TryLoad("libcuda.so.1", out _))
            return;

        // It stays loaded without its file, and is found by its name from now on.
        using CudaEmulator emulator = CudaEmulator.Build();
        if (emulator.Missing is { } missing)
        {
            _missing = missing;
            return;
        }

        _library = NativeLibrary.Load(emulator.Library);
        foreach (var (name, value) in Usual.Where(one => Environment.GetEnvironmentVariable($"EMULATED_CUDA_{one.Name}") is null))
            Set(name, value);
    }

    /// <summary>Skips the test where the driver is not the emulated one.</summary>
    public static void NeedEmulation()
    {
        if (_library == 0)
            Assert.Ignore(_missing);
    }

    /// <summary>Changes a setting of the emulated driver until the result is disposed.</summary>
    public static IDisposable With(string name, string value)
    {
        NeedEmulation();
        Set(name, value);
        return new Restored(name);
    }

    /// <summary>Reads a counter of the emulated driver.</summary>
    public static long Count(string counter)
    {
        long count = Marshal.GetDelegateForFunctionPointer<Counter>(NativeLibrary.GetExport(_library, "emulator_count"))(counter);
        return count >= 0 ? count : throw new ArgumentException($"no counter {counter}", nameof(counter));
    }

    /// <summary>The context that is current in this thread.</summary>
    public static nint Context
    {
        get
        {
            Assert.That(Marshal.GetDelegateForFunctionPointer<ReadContext>(NativeLibrary.GetExport(_library, "cuCtxGetCurrent"))(out nint context), Is.Zero);
            return context;
        }
        set => Assert.That(Marshal.GetDelegateForFunctionPointer<ChangeContext>(NativeLibrary.GetExport(_library, "cuCtxSetCurrent"))(value), Is.Zero);
    }

    /// <summary>Makes a context, as another library would, which is current in this thread from now on.</summary>
    public static nint OtherContext()
    {
        Assert.That(
            Marshal.GetDelegateForFunctionPointer<CreateContext>(NativeLibrary.GetExport(_library, "cuCtxCreate_v2"))(out nint context, BlockingSync, 0),
            Is.Zero);
        return context;
    }

    private static void Set(string name, string value)
    {
        var set = Marshal.GetDelegateForFunctionPointer<Setter>(NativeLibrary.GetExport(_library, "emulator_set"));
        if (set(name, value) == 0)
            throw new ArgumentException($"no setting {name}", nameof(name));
    }

    private sealed class Restored(string name) : IDisposable
    {
        public void Dispose() => Set(name, Usual.FirstOrDefault(one => one.Name == name).Value ?? "0");
    }
}
