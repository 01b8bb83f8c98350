using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>
/// A tensor of a GGUF file under its name in Hugging Face's layout: the whole tensor or one expert of it, with its rows in the
/// order that they have there.
/// </summary>
/// <param name="blocks">The tensor in the file.</param>
/// <param name="name">Name in Hugging Face's layout.</param>
/// <param name="shape">Shape there.</param>
/// <param name="modelType">Element type that the tensor has without quantisation.</param>
/// <param name="start">Index of the first element in the file's tensor.</param>
/// <param name="heads">
/// Number of heads whose rows llama.cpp has in another order, since it rotates neighbours and Hugging Face halves; 0 where rows
/// are in order.
/// </param>
/// <param name="offset">Number that is added to each element, as the converter has subtracted it.</param>
internal sealed class GgufDecodedTensor(
    BlockTensor blocks, string name, TensorShape shape, ElementType modelType, long start, long heads, float offset)
    : DecodedTensor(name, shape, modelType)
{
    private readonly long _rowElements = shape.Dimensions.Length > 1 ? shape.RowElements : 1;
    private readonly long _headRows = heads > 0 ? shape.Rows / heads : 0;

    public override string Form => $"GGUF {blocks.TypeName}";

    public override IReadOnlyList<StoredTensor> Parts { get; } = [blocks.Stored];

    public override long StoredBytes => blocks.BytesOf(Spec.Shape.ElementCount);

    public override void Decode(long first, Span<float> values)
    {
        if (heads == 0)
        {
            blocks.Decode(start + first, values);
        }
        else
        {
            for (int at = 0; at < values.Length;)
            {
                var (row, column) = Math.DivRem(first + at, _rowElements);
                int count = (int)Math.Min(_rowElements - column, values.Length - at);
                blocks.Decode(start + (RowInFile(row) * _rowElements) + column, values.Slice(at, count));
                at += count;
            }
        }

        if (offset != 0)
        {
            foreach (ref float value in values)
                value += offset;
        }
    }

    public override void WillNeed(long first, long count)
    {
        if (count <= 0)
            return;
        long most = heads == 0 ? 1 : _headRows * _rowElements;
        long from = first / most * most;
        long to = Math.Min((first + count + most - 1) / most * most, Spec.Shape.ElementCount);
        blocks.WillNeed(start + from, to - from);
    }

    // Row s · n/2 + j of a head of n rows is row 2j + s in the file, for s of 0 and 1.
    private long RowInFile(long row)
    {
        var (head, within) = Math.DivRem(row, _headRows);
        var (side, place) = Math.DivRem(within, _headRows / 2);
        return (head * _headRows) + (2 * place) + side;
    }
}
