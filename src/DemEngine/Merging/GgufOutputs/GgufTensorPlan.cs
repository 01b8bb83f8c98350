using DemEngine.Checkpoints;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>A tensor of a GGUF file that is to be written, and how it is made from that of Hugging Face's layout.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Source">The tensor in Hugging Face's layout.</param>
/// <param name="Type">Type in the file.</param>
/// <param name="Heads">
/// Number of heads whose rows llama.cpp has in another order, since it rotates neighbours and Hugging Face halves; 0 where rows
/// are in order.
/// </param>
/// <param name="Added">Number that is added to each element.</param>
/// <param name="Offset">Offset of the data from the first tensor's.</param>
internal sealed record GgufTensorPlan(
    string Name, TensorSpec Source, BlockEncoder Type, long Heads, float Added, long Offset)
{
    /// <summary>Size of the data in bytes.</summary>
    public long Bytes => BytesOf(Source.Shape.ElementCount);

    /// <summary>Returns the size in bytes of so many elements, which are whole blocks.</summary>
    public long BytesOf(long elements) => elements / Type.Elements * Type.Bytes;

    /// <summary>
    /// Returns the place that a row has in the file: row s · n/2 + j of a head of n rows is row 2j + s there, for s of 0 and 1.
    /// </summary>
    public long RowInFile(long row)
    {
        if (Heads == 0)
            return row;
        long headRows = Source.Shape.Rows / Heads;
        var (head, within) = Math.DivRem(row, headRows);
        var (side, place) = Math.DivRem(within, headRows / 2);
        return (head * headRows) + (2 * place) + side;
    }
}
