using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>The backend that every machine has: the processor's vector units.</summary>
/// <param name="width">Vector width to use; narrower than the hardware's is for tests and comparisons.</param>
public sealed class CpuBackend(VectorWidth width) : IMergeBackend
{
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
    public ITileWorker CreateWorker() => width switch
    {
        VectorWidth.Bits512 => new CpuTileWorker<Width512, Vector512<uint>>(),
        VectorWidth.Bits256 => new CpuTileWorker<Width256, Vector256<uint>>(),
        _ => new CpuTileWorker<Width128, Vector128<uint>>(),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held between workers.
    }
}
