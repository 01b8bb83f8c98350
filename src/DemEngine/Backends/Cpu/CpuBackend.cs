using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>The backend that every machine has: the processor's vector units.</summary>
/// <param name="width">Vector width to use; narrower than the hardware's is for tests and comparisons.</param>
public sealed class CpuBackend(VectorWidth width) : IMergeBackend
{
    private readonly DrawnBits _drawn = new();

    /// <summary>Uses the widest vectors that the hardware has.</summary>
    public CpuBackend()
        : this(VectorWidths.Best)
    {
    }

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public string Description => $"{RuntimeInformation.ProcessArchitecture}, {(int)width}-bit vectors";

    /// <inheritdoc/>
    public IDisposable? Keep(IReadOnlyList<NativeBytes> bytes) => _drawn.Allow(bytes.Sum(input => (long)input.Length) / IMergeBackend.KeptShare);

    /// <inheritdoc/>
    public ITileWorker CreateWorker() => width switch
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
