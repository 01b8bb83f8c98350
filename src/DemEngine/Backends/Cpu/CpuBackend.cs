using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>The backend that every machine has: the processor's vector units.</summary>
public sealed class CpuBackend : IMergeBackend
{
    private readonly KeepMaskCache _drawn = new();
    private readonly VectorWidth _width;

    /// <summary>Uses the widest vectors that the hardware has.</summary>
    public CpuBackend()
        : this(VectorWidths.Best)
    {
    }

    /// <summary>Uses vectors of a width, for tests and comparisons.</summary>
    /// <param name="width">The width, no wider than the hardware's.</param>
    internal CpuBackend(VectorWidth width) => _width = width;

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public string Description => $"{RuntimeInformation.ProcessArchitecture}, {(int)_width}-bit vectors";

    /// <inheritdoc/>
    public IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes) => _drawn.Allow(bytes.Sum(input => (long)input.Length) / IMergeBackend.KeptShare);

    ITileWorker IMergeBackend.CreateWorker() => CreateWorker();

    /// <summary>Makes a worker. Each thread has its own.</summary>
    internal ITileWorker CreateWorker() => _width switch
    {
        VectorWidth.Bits512 => new CpuTileWorker<Width512, Vector512<uint>>(_drawn),
        VectorWidth.Bits256 => new CpuTileWorker<Width256, Vector256<uint>>(_drawn),
        _ => new CpuTileWorker<Width128, Vector128<uint>>(_drawn),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held between workers but while inputs are kept.
    }
}
