using System.Collections.Immutable;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Checkpoints.Gguf;

/// <summary>Tensor in a GGUF file.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dimensions">Sizes of the dimensions, outermost first; the file has them the other way round.</param>
/// <param name="Plain">Element type of a tensor of plain numbers; null for one of blocks.</param>
/// <param name="Format">Format of its blocks; null for a tensor of plain numbers.</param>
/// <param name="Offset">Offset of the first byte in the file.</param>
/// <param name="Bytes">Size of the data in bytes.</param>
internal sealed record GgufTensor(
    string Name, ImmutableArray<long> Dimensions, ElementType? Plain, BlockFormat? Format, long Offset, long Bytes)
{
    /// <summary>Type of the data as it is stored: that of the numbers, or bytes for blocks.</summary>
    public ElementType StoredType => Plain ?? ElementType.U8;

    /// <summary>Dimensions of the data as it is stored; for blocks, the last one counts bytes.</summary>
    public ImmutableArray<long> StoredDimensions => Format is null
        ? Dimensions
        : Dimensions.SetItem(Dimensions.Length - 1, Dimensions[^1] / Format.Elements * Format.Bytes);
}
