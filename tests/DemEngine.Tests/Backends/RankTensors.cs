using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Tests.Backends;

/// <summary>Any ranks for the filters that need some.</summary>
internal sealed class RankTensors : IDisposable
{
    private readonly NativeBuffer[] _buffers;

    public RankTensors(SparseDeltas deltas, int count, Random? random)
    {
        _buffers = [.. deltas.Sources.Where(source => source.Filter.NeedsRanks).Select(_ => new NativeBuffer(count * sizeof(uint)))];
        foreach (NativeBuffer buffer in _buffers)
        {
            foreach (ref uint rank in MemoryMarshal.Cast<byte, uint>(buffer.Bytes.Span))
                rank = (uint)random!.Next(60);
        }
    }

    public IEnumerable<TypedBytes> Elements => _buffers.Select(buffer => new TypedBytes(ElementType.U32, buffer.Bytes));

    public void Dispose() => Array.ForEach(_buffers, buffer => buffer.Dispose());
}
