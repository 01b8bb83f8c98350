using DemEngine.Numerics;

namespace DemEngine.Tests.Numerics;

[Parallelizable(ParallelScope.All)]
public sealed class PhiloxTests
{
    /// <summary>The published known answers (Random123, kat_vectors, philox4x32 10), for the algorithm as written again here.</summary>
    [TestCase(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void The_reference_gives_the_known_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3) =>
        Assert.That(Reference([c0, c1, c2, c3], k0, k1), Is.EqualTo(new[] { w0, w1, w2, w3 }));

    [Test]
    public void The_first_block_of_key_zero_is_the_known_answer()
    {
        var words = new uint[4];
        new Philox(0).Fill(0, words);
        Assert.That(words, Is.EqualTo(new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 }));
    }

    [TestCase(0UL, 0L)]
    [TestCase(0x299f31d0_a4093822UL, 0x05a308d3_243f6a88L)]
    [TestCase(ulong.MaxValue, 1L)]
    [TestCase(1UL, 0xFFFF_FFFFL)]
    [TestCase(1UL << 32, 0x1_0000_0000L)]
    public void Counter_and_key_are_numbers_of_64_bits(ulong key, long block)
    {
        block &= long.MaxValue >> 2; // The words' indices stay positive.
        uint[] expected = Reference([(uint)block, (uint)(block >> 32), 0, 0], (uint)key, (uint)(key >> 32));
        var random = new Philox(key);
        uint[] words = [.. Enumerable.Range(0, 4).Select(k => random[(block * 4) + k])];
        Assert.That(words, Is.EqualTo(expected));
    }

    [Test]
    public void Fill_is_the_indexer_at_any_place_and_length(
        [Values(0L, 1L, 3L, 30L, 31L, 33L, (1L << 34) - 21, (1L << 60) + 2)] long first, [Values(0, 1, 4, 31, 32, 33, 64, 101)] int length)
    {
        var random = new Philox(0x0123_4567_89AB_CDEF);
        var words = new uint[length + 2];
        random.Fill(first, words.AsSpan(1, length));
        Assert.That(words[0], Is.Zero);
        Assert.That(words[^1], Is.Zero);
        for (int k = 0; k < length; k++)
        {
            if (words[k + 1] != random[first + k])
                Assert.Fail($"word {k}: {words[k + 1]:x8} is not {random[first + k]:x8}");
        }
    }

    private static uint[] Reference(uint[] c, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong first = (ulong)c[0] * 0xD2511F53;
            ulong second = (ulong)c[2] * 0xCD9E8D57;
            c = [(uint)(second >> 32) ^ c[1] ^ k0, (uint)second, (uint)(first >> 32) ^ c[3] ^ k1, (uint)first];
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return c;
    }
}
