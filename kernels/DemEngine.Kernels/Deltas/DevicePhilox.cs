using DemEngine.Kernels.Elements;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Deltas;

/// <summary>Computes blocks of four words of <see cref="Philox"/>, as the engine defines its streams.</summary>
internal static class DevicePhilox
{
    private const int Rounds = 10;

    /// <summary>Computes the words 4·block to 4·block + 3 of a stream.</summary>
    public static Words4 Block(ulong stream, ulong block)
    {
        uint c0 = (uint)block;
        uint c1 = (uint)(block >> 32);
        uint c2 = 0;
        uint c3 = 0;
        uint k0 = (uint)stream;
        uint k1 = (uint)(stream >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)0xD2511F53 * c0;
            ulong p1 = (ulong)0xCD9E8D57 * c2;
            uint n0 = (uint)(p1 >> 32) ^ c1 ^ k0;
            uint n2 = (uint)(p0 >> 32) ^ c3 ^ k1;
            c1 = (uint)p1;
            c3 = (uint)p0;
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return new Words4(c0, c1, c2, c3);
    }
}
