namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// A block format of ggml: successive elements of a row with their scales in one structure. The definitions are those of
/// <c>ggml-common.h</c> (layout) and <c>ggml-quants.c</c> (values, in binary32).
/// </summary>
internal interface IBlockFormat
{
    /// <summary>Number of the type in GGUF files.</summary>
    static abstract uint Number { get; }

    /// <summary>Name of the type.</summary>
    static abstract string Name { get; }

    /// <summary>Number of elements of a block.</summary>
    static abstract int Elements { get; }

    /// <summary>Size of a block in bytes.</summary>
    static abstract int Bytes { get; }

    /// <summary>Computes the elements of a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="values">Receives the elements.</param>
    /// <returns>Whether the scales of the block are finite; if not, no element is computed.</returns>
    static abstract bool Decode(ReadOnlySpan<byte> block, Span<float> values);
}
