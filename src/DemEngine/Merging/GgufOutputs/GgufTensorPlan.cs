using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>A tensor of Hugging Face's layout, and where its rows are in a GGUF file.</summary>
/// <param name="Source">The tensor in Hugging Face's layout.</param>
/// <param name="Type">Type in the file.</param>
/// <param name="Offsets">
/// Offset of the data from the first tensor's. Two where the file has the gates and the ups of experts in tensors of their own,
/// which are the first and the second half of each expert's rows here.
/// </param>
/// <param name="Heads">
/// Number of heads whose rows llama.cpp has in another order, since it rotates neighbours and Hugging Face halves; 0 where rows
/// are in order.
/// </param>
/// <param name="Added">Number that is added to each element.</param>
internal sealed record GgufTensorPlan(
    TensorSpec Source, BlockEncoder Type, ImmutableArray<long> Offsets, long Heads, float Added)
{
    /// <summary>Whether the file has all rows in the order that they have here.</summary>
    public bool IsInOrder => Heads == 0 && Offsets.Length == 1;

    /// <summary>Number of elements of a row.</summary>
    public long RowElements => Source.Shape.Dimensions.Length > 1 ? Source.Shape.Dimensions[^1] : 1;

    /// <summary>Returns the size in bytes of so many elements, which are whole blocks.</summary>
    public static long BytesOf(BlockEncoder type, long elements) => elements / type.Elements * type.Bytes;

    /// <summary>Returns the size in bytes of so many elements, which are whole blocks.</summary>
    public long BytesOf(long elements) => BytesOf(Type, elements);

    /// <summary>
    /// Returns the offset of a row's data from the first tensor's. Row s · n/2 + j of a head of n rows is row 2j + s there, for s
    /// of 0 and 1; row s · n/2 + j of an expert of n rows is row j of the expert in tensor s.
    /// </summary>
    public long PlaceOf(long row)
    {
        int tensor = 0;
        if (Heads > 0)
        {
            long headRows = Source.Shape.Rows / Heads;
            var (head, within) = Math.DivRem(row, headRows);
            var (side, place) = Math.DivRem(within, headRows / 2);
            row = (head * headRows) + (2 * place) + side;
        }
        else if (Offsets.Length == 2)
        {
            long half = Source.Shape.Dimensions[^2] / 2;
            var (expert, within) = Math.DivRem(row, 2 * half);
            (tensor, row) = within < half ? (0, (expert * half) + within) : (1, ((expert - 1) * half) + within);
        }

        return Offsets[tensor] + BytesOf(row * RowElements);
    }
}
