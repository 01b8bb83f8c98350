using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>Combines strips whose changed inputs are computed first, as they are defined.</summary>
/// <param name="worker">Worker that combines them.</param>
internal sealed class StripInputs<TWidth, TVector>(ITileWorker worker) : IDisposable
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private NativeBuffer? _buffer;

    public void Dispose() => _buffer?.Dispose();

    /// <summary>Computes the inputs of a strip, and combines them.</summary>
    /// <param name="sum">The sum over the tile.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="strip">The strip.</param>
    public NonFinite Combine(in ProductSum sum, in ProductTile tile, in Strip strip)
    {
        int count = strip.Rows * strip.Columns;
        int bytes = sum.Changes.Length * count * sizeof(float);
        if (_buffer is null || _buffer.Length < bytes)
        {
            _buffer?.Dispose();
            _buffer = new NativeBuffer(bytes);
        }

        for (int k = 0; k < sum.Changes.Length; k++)
        {
            if (sum.Changes[k] is not { } change)
                continue;
            Span<float> values = MemoryMarshal.Cast<byte, float>(Computed(k, 0, count).Bytes.Span);
            bool isStored = tile.Inputs[k].Stored is not null;
            for (int row = 0; isStored && row < strip.Rows; row++)
            {
                TypedBytes elements = RowOf(tile.Stored[k], strip, row);
                FloatNumbers.Read(elements.Type, elements.Bytes.Span, values.Slice(row * strip.Columns, strip.Columns));
            }

            LowRankProduct.Add(
                change.Left(strip.Row, strip.Rows), change.Right, strip.Column, change.Change.Scale,
                new MatrixPart(values, strip.Rows, strip.Columns, strip.Columns),
                startsFromZero: !isStored,
                (VectorWidth)(TWidth.Lanes * 8 * sizeof(uint)));
        }

        NonFinite nonFinite = default;
        var inputs = new TypedBytes[tile.Inputs.Length];
        for (int row = 0; row < strip.Rows; row++)
        {
            for (int k = 0; k < inputs.Length; k++)
            {
                inputs[k] = sum.Changes[k] is null
                    ? RowOf(tile.Stored[k], strip, row)
                    : Computed(k, row * strip.Columns, strip.Columns);
            }

            nonFinite += worker.Combine(tile.Combination, inputs, RowOf(tile.Output, strip, row));
        }

        return nonFinite;

        TypedBytes Computed(int input, int start, int length) => new(
            ElementType.F32, _buffer!.Bytes.Slice(((input * count) + start) * sizeof(float), length * sizeof(float)));
    }

    private static TypedBytes RowOf(TypedBytes tile, in Strip strip, int row) =>
        tile.Slice(strip.First + (row * strip.RowElements), strip.Columns);
}
