using DemEngine.Numerics.Quantized;

namespace DemEngine.Tests.Numerics;

/// <summary>Codes that are unpacked and transposed many at a time, against the same done one by one.</summary>
[TestFixture]
public sealed class QuantizedCodesTests
{
    [Test, Pairwise]
    public void A_matrix_of_words_is_transposed([Values(1, 7, 8, 9, 16, 33)] int rows, [Values(1, 7, 8, 9, 24, 31)] int columns)
    {
        uint[] from = [.. Enumerable.Range(0, rows * columns).Select(k => (uint)k * 2654435761)];
        var to = new uint[rows * columns];
        Transpose.Words(from, rows, columns, to);
        Assert.That(to, Is.EqualTo(Enumerable.Range(0, rows * columns).Select(k => from[(k % rows * columns) + (k / rows)])));
    }

    [TestCase(16)]
    [TestCase(40)]
    public void Sixteen_rows_of_bytes_are_transposed(int stride)
    {
        byte[] from = [.. Enumerable.Range(0, (15 * stride) + 16).Select(k => (byte)(k * 37))];
        var to = new byte[256];
        Transpose.SixteenBytes(from, stride, to);
        Assert.That(to, Is.EqualTo(Enumerable.Range(0, 256).Select(k => from[(k % 16 * stride) + (k / 16)])));
    }

    [Test]
    public void A_stream_of_codes_is_unpacked_from_the_lowest_bits_on([Values(2, 3, 4, 8)] int bits, [Values(1, 8, 31, 96, 1000)] int count)
    {
        var random = new Random(bits + count);
        byte[] expected = [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(1 << bits))];
        var packed = new byte[((count * bits) + 7) / 8];
        for (int bit = 0; bit < count * bits; bit++)
            packed[bit / 8] |= (byte)(((expected[bit / bits] >> (bit % bits)) & 1) << (bit % 8));
        var codes = new byte[count];
        PackedCodes.Unpack(packed, bits, codes);
        Assert.That(codes, Is.EqualTo(expected));
    }

    [Test]
    public void A_code_is_taken_from_each_word([Values(0, 12, 28)] int shift, [Values(1, 31, 32, 100)] int count)
    {
        uint[] words = [.. Enumerable.Range(1, count).Select(k => (uint)k * 2654435761)];
        var codes = new byte[count];
        PackedCodes.Take(words, shift, codes);
        Assert.That(codes, Is.EqualTo(words.Select(word => (byte)((word >> shift) & 15))));
    }
}
