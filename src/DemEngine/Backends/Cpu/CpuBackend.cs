using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>Backend on the processor's vector units, which every machine has.</summary>
public sealed class CpuBackend : IMergeBackend
{
    private readonly KeepMaskCache _drawn = new();
    private readonly VectorWidth _width;

    /// <summary>Creates a backend with the widest vectors that the hardware supports.</summary>
    public CpuBackend()
        : this(VectorWidths.Best)
    {
    }

    /// <summary>Creates a backend with vectors of a given width, for tests and comparisons.</summary>
    /// <param name="width">Vector width, no wider than the hardware's.</param>
    internal CpuBackend(VectorWidth width) => _width = width;

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public string Description => $"{RuntimeInformation.ProcessArchitecture}, {(int)_width}-bit vectors";

    /// <inheritdoc/>
    public IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes) =>
        _drawn.Allow(bytes.Sum(input => (long)input.Length) / IMergeBackend.KeptShare);

    ITileWorker IMergeBackend.CreateWorker() => CreateWorker();

    /// <summary>Creates a worker. Each thread has its own.</summary>
    internal ITileWorker CreateWorker() => _width switch
    {
        VectorWidth.Bits512 => new CpuTileWorker<Width512, Vector512<uint>>(_drawn),
        VectorWidth.Bits256 => new CpuTileWorker<Width256, Vector256<uint>>(_drawn),
        _ => new CpuTileWorker<Width128, Vector128<uint>>(_drawn),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is cached between workers except while inputs are resident.
    }
}
