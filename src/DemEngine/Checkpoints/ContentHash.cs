using System.IO.Hashing;

namespace DemEngine.Checkpoints;

/// <summary>
/// A tensor's hash: XXH3-128 over the XXH3-128 hashes of its consecutive leaves of <see cref="LeafBytes"/> bytes, the last one shorter.
/// So that many threads can hash one tensor, and the result shows neither them nor the size of their tiles.
/// </summary>
/// <remarks>XXH3-128 as https://github.com/Cyan4973/xxHash specifies it, seed 0, in canonical (big-endian) byte order.</remarks>
internal static class ContentHash
{
    /// <summary>Bytes in a leaf.</summary>
    public const int LeafBytes = 256 << 10;

    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = 16;

    /// <summary>Number of leaves of so many bytes.</summary>
    public static long LeafCount(long bytes) => (bytes + LeafBytes - 1) / LeafBytes;

    /// <summary>Hashes the leaves of a part that starts at the start of one.</summary>
    /// <param name="part">The bytes.</param>
    /// <param name="leaves">Where the hashes of its leaves go, <see cref="HashBytes"/> bytes each.</param>
    public static void HashLeaves(ReadOnlySpan<byte> part, Span<byte> leaves)
    {
        while (part.Length > 0)
        {
            ReadOnlySpan<byte> leaf = part[..Math.Min(part.Length, LeafBytes)];
            XxHash128.Hash(leaf, leaves);
            part = part[leaf.Length..];
            leaves = leaves[HashBytes..];
        }
    }

    /// <summary>The hash of a tensor, from those of its leaves in their order.</summary>
    /// <returns>32 hexadecimal digits.</returns>
    public static string Finish(ReadOnlySpan<byte> leaves) => Convert.ToHexStringLower(XxHash128.Hash(leaves));
}
