using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>Reads the elements of a tensor of a GGUF file in its own order, whatever it is stored as.</summary>
/// <param name="stored">The tensor as it is stored.</param>
/// <param name="format">Format of its blocks; null for plain numbers.</param>
internal sealed class BlockTensor(StoredTensor stored, BlockFormat? format)
{
    /// <summary>The tensor as it is stored.</summary>
    public StoredTensor Stored => stored;

    /// <summary>Name of the type.</summary>
    public string TypeName => format?.Name ?? stored.Spec.Type.SafetensorsName;

    /// <summary>Returns the size in bytes of so many elements.</summary>
    public long BytesOf(long elements) =>
        format is null ? elements * stored.Spec.Type.Size : elements / format.Elements * format.Bytes;

    /// <summary>Computes a part of the flattened tensor.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="values">Receives the elements.</param>
    /// <exception cref="DemException">DEM2034 (BadScale): the scale of a block is NaN or infinite.</exception>
    public void Decode(long first, Span<float> values)
    {
        if (values.IsEmpty)
            return;
        if (format is null)
        {
            using PartBytes plain = PartBytes.Read(stored, first, values.Length);
            ScaleNumbers.Read(stored.Spec.Type, plain.Bytes, values);
            return;
        }

        long firstBlock = first / format.Elements;
        long lastBlock = (first + values.Length - 1) / format.Elements;
        using PartBytes blocks = PartBytes.Read(
            stored, firstBlock * format.Bytes, checked((int)((lastBlock - firstBlock + 1) * format.Bytes)));

        // Blocks that are asked for in part are decoded elsewhere.
        int skip = (int)(first - (firstBlock * format.Elements));
        int at = 0;
        long block = firstBlock;
        if (skip > 0 || values.Length < format.Elements)
            at = Part(blocks.Bytes, block++, firstBlock, skip, values);
        int whole = (values.Length - at) / format.Elements;
        ReadOnlySpan<byte> middle = blocks.Bytes.Slice((int)(block - firstBlock) * format.Bytes, whole * format.Bytes);
        Require(format.Decode(middle, values.Slice(at, whole * format.Elements)), block);
        at += whole * format.Elements;
        if (at < values.Length)
            Part(blocks.Bytes, block + whole, firstBlock, 0, values[at..]);
    }

    /// <summary>Announces that a part will be read soon.</summary>
    public void WillNeed(long first, long count)
    {
        if (count <= 0)
            return;
        if (format is null)
        {
            stored.WillNeed(first, count);
            return;
        }

        long firstBlock = first / format.Elements;
        stored.WillNeed(firstBlock * format.Bytes, (((first + count - 1) / format.Elements) - firstBlock + 1) * format.Bytes);
    }

    private int Part(ReadOnlySpan<byte> blocks, long block, long firstBlock, int skip, Span<float> values)
    {
        Span<float> decoded = stackalloc float[format!.Elements];
        Require(format.Decode(blocks.Slice((int)(block - firstBlock) * format.Bytes, format.Bytes), decoded), block);
        int count = Math.Min(values.Length, format.Elements - skip);
        decoded.Slice(skip, count).CopyTo(values);
        return count;
    }

    private void Require(int wrong, long firstBlock)
    {
        if (wrong >= 0)
            throw ScaleSource.NotFinite(stored, firstBlock + wrong, float.NaN);
    }
}
