using System.IO.Hashing;
using DemEngine.Checkpoints;

namespace DemEngine.Tests.Checkpoints;

public sealed class ContentHashTests
{
    private const int Leaf = ContentHash.LeafBytes;

    private static readonly int[] Lengths = [0, 1, Leaf - 1, Leaf, Leaf + 1, (3 * Leaf) - 1, 3 * Leaf, (3 * Leaf) + 17];

    [TestCase(0, "99aa06d3014798d86001c324468d497f")]
    [TestCase((3 * Leaf) + 17, "50b1b857141d718f55ccf4f922601731")]
    public void A_known_pattern_has_the_hash_it_always_had(int length, string expected) => Assert.That(Of(Bytes(length)), Is.EqualTo(expected));

    [TestCaseSource(nameof(Lengths))]
    public void It_is_the_hash_of_the_leaves_hashes(int length)
    {
        byte[] bytes = Bytes(length);
        byte[] leaves = [.. bytes.Chunk(Leaf).SelectMany(leaf => XxHash128.Hash(leaf))];
        Assert.That(ContentHash.LeafCount(length) * ContentHash.HashBytes, Is.EqualTo(leaves.Length));
        Assert.That(Of(bytes), Is.EqualTo(Convert.ToHexStringLower(XxHash128.Hash(leaves))));
    }

    [TestCaseSource(nameof(Lengths))]
    public void It_does_not_depend_on_the_parts_in_which_it_is_taken(int length)
    {
        byte[] bytes = Bytes(length);
        for (int part = 1; part <= 4; part++)
        {
            byte[] leaves = new byte[ContentHash.LeafCount(length) * ContentHash.HashBytes];
            for (int first = 0; first * Leaf < length; first += part)
            {
                int end = Math.Min((first + part) * Leaf, length);
                ContentHash.HashLeaves(bytes.AsSpan((first * Leaf)..end), leaves.AsSpan(first * ContentHash.HashBytes));
            }

            Assert.That(ContentHash.Finish(leaves), Is.EqualTo(Of(bytes)), $"{part} leaves at a time");
        }
    }

    [Test]
    public void It_shows_a_changed_byte_a_changed_length_and_exchanged_leaves()
    {
        byte[] bytes = Bytes((2 * Leaf) + 1);
        byte[] changed = [.. bytes];
        changed[Leaf] ^= 1;
        byte[] exchanged = [.. bytes[Leaf..(2 * Leaf)], .. bytes[..Leaf], bytes[^1]];
        string[] hashes = [Of(bytes), Of(changed), Of(exchanged), Of(bytes[..^1]), Of([.. bytes, 0])];
        Assert.That(hashes, Is.Unique);
    }

    [Test]
    public void Leaves_are_counted_beyond_32_bits() => Assert.That(ContentHash.LeafCount((1L << 50) + 1), Is.EqualTo((1L << 32) + 1));

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((i * 31) ^ (i >> 13));
        return bytes;
    }

    private static string Of(byte[] bytes)
    {
        byte[] leaves = new byte[ContentHash.LeafCount(bytes.Length) * ContentHash.HashBytes];
        ContentHash.HashLeaves(bytes, leaves);
        return ContentHash.Finish(leaves);
    }
}
