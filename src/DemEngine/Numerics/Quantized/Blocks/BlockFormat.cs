using System.Collections.Immutable;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>A block format, chosen at run time. A new one is a structure of its own and its line in <see cref="All"/>.</summary>
internal abstract class BlockFormat
{
    /// <summary>The formats that are read.</summary>
    public static ImmutableArray<BlockFormat> All { get; } =
    [
        new Of<Q40>(),
        new Of<Q41>(),
        new Of<Q50>(),
        new Of<Q51>(),
        new Of<Q80>(),
        new Of<Q2K>(),
        new Of<Q3K>(),
        new Of<Q4K>(),
        new Of<Q5K>(),
        new Of<Q6K>(),
        new Of<IQ4NL>(),
        new Of<IQ4XS>(),
        new Of<MXFP4>(),
    ];

    /// <inheritdoc cref="IBlockFormat.Number"/>
    public abstract uint Number { get; }

    /// <inheritdoc cref="IBlockFormat.Name"/>
    public abstract string Name { get; }

    /// <inheritdoc cref="IBlockFormat.Elements"/>
    public abstract int Elements { get; }

    /// <inheritdoc cref="IBlockFormat.Bytes"/>
    public abstract int Bytes { get; }

    /// <summary>Finds the format of a number in GGUF files; null if it is not read.</summary>
    public static BlockFormat? Find(uint number) => All.FirstOrDefault(format => format.Number == number);

    /// <summary>Computes the elements of successive blocks.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="values">Receives the elements of all blocks.</param>
    /// <returns>Index of the first block whose scales are not finite; −1 if there is none.</returns>
    public abstract int Decode(ReadOnlySpan<byte> blocks, Span<float> values);

    private sealed class Of<TFormat> : BlockFormat
        where TFormat : struct, IBlockFormat
    {
        public override uint Number => TFormat.Number;

        public override string Name => TFormat.Name;

        public override int Elements => TFormat.Elements;

        public override int Bytes => TFormat.Bytes;

        public override int Decode(ReadOnlySpan<byte> blocks, Span<float> values)
        {
            int count = blocks.Length / TFormat.Bytes;
            for (int k = 0; k < count; k++)
            {
                Span<float> elements = values.Slice(k * TFormat.Elements, TFormat.Elements);
                if (!TFormat.Decode(blocks.Slice(k * TFormat.Bytes, TFormat.Bytes), elements))
                    return k;
            }

            return -1;
        }
    }
}
