using System.Globalization;
using System.IO.Hashing;

namespace DemEngine.Checkpoints;

/// <summary>
/// Content hash of a tensor: XXH3-128 over the XXH3-128 hashes of its consecutive leaves of <see cref="LeafBytes"/> bytes, of
/// which the last may be shorter. Many threads can so hash one tensor, and the result depends neither on their number nor on the
/// tile size.
/// </summary>
/// <remarks>
/// XXH3-128 is used as specified at https://github.com/Cyan4973/xxHash, with seed 0 and in canonical (big-endian) byte order.
/// </remarks>
internal static class ContentHash
{
    /// <summary>Size of a leaf in bytes.</summary>
    public const int LeafBytes = 256 << 10;

    /// <summary>Size of a hash in bytes.</summary>
    public const int HashBytes = 16;

    /// <summary>Computes the number of leaves of a given number of bytes.</summary>
    public static long LeafCount(long bytes) => (bytes + LeafBytes - 1) / LeafBytes;

    /// <summary>Hashes the leaves of a part that starts where a leaf starts.</summary>
    /// <param name="part">Bytes of the part.</param>
    /// <param name="leaves">Destination of the leaves' hashes, <see cref="HashBytes"/> bytes each.</param>
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

    /// <summary>Computes the hash of a tensor from the hashes of its leaves in order.</summary>
    /// <returns>Hash as 32 hexadecimal digits.</returns>
    public static string Finish(ReadOnlySpan<byte> leaves) => Convert.ToHexStringLower(XxHash128.Hash(leaves));

    /// <summary>Computes the same hash as a number, whose hexadecimal digits <see cref="Finish"/> returns.</summary>
    public static UInt128 FinishNumber(ReadOnlySpan<byte> leaves) => XxHash128.HashToUInt128(leaves);

    /// <summary>Parses the digits of a hash; null if they are none.</summary>
    public static UInt128? Parse(string hash) =>
        hash.Length == 2 * HashBytes && !hash.AsSpan().ContainsAnyInRange('A', 'F')
        && UInt128.TryParse(hash, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 number)
            ? number
            : null;
}
