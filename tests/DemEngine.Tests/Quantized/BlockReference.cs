namespace DemEngine.Tests.Quantized;

/// <summary>
/// The block formats of ggml element by element: each function gives the value of one element of a block, from the definitions
/// in <c>ggml-common.h</c> and <c>ggml-quants.c</c>.
/// </summary>
internal static class BlockReference
{
    private static readonly int[] Curve = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    private static readonly float[] E2M1 = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>The formats: number in GGUF, name, elements and bytes of a block, offsets of its scales in F16.</summary>
    public static (uint Number, string Name, int Elements, int Bytes, int[] Halves, Func<byte[], int, float> Value)[] All { get; } =
    [
        (2, "Q4_0", 32, 18, [0], (b, i) => (Nibble(b, 2, i) - 8) * Half(b, 0)),
        (3, "Q4_1", 32, 20, [0, 2], (b, i) => (Nibble(b, 4, i) * Half(b, 0)) + Half(b, 2)),
        (6, "Q5_0", 32, 22, [0], (b, i) => (Nibble(b, 6, i) + (16 * Bit(b, 2, i)) - 16) * Half(b, 0)),
        (7, "Q5_1", 32, 24, [0, 2], (b, i) => ((Nibble(b, 8, i) + (16 * Bit(b, 4, i))) * Half(b, 0)) + Half(b, 2)),
        (8, "Q8_0", 32, 34, [0], (b, i) => (sbyte)b[2 + i] * Half(b, 0)),
        (10, "Q2_K", 256, 84, [80, 82], (b, i) =>
            (Half(b, 80) * (b[i / 16] & 15) * Two(b, 16, i)) - (Half(b, 82) * (b[i / 16] >> 4))),
        (11, "Q3_K", 256, 110, [108], (b, i) =>
            Half(b, 108) * (Six(b, i / 16) - 32) * (Two(b, 32, i) - (((b[i % 32] >> (i / 32)) & 1) != 0 ? 0 : 4))),
        (12, "Q4_K", 256, 144, [0, 2], (b, i) =>
            (Half(b, 0) * Scale(b, i / 32) * Four(b, 16, i)) - (Half(b, 2) * Least(b, i / 32))),
        (13, "Q5_K", 256, 176, [0, 2], (b, i) =>
            (Half(b, 0) * Scale(b, i / 32) * (Four(b, 48, i) + (16 * ((b[16 + (i % 32)] >> (i / 32)) & 1)))) - (Half(b, 2) * Least(b, i / 32))),
        (14, "Q6_K", 256, 210, [208], (b, i) =>
            Half(b, 208) * (sbyte)b[192 + (i / 16)]
            * ((((b[(i / 128 * 64) + (i % 64)] >> (i % 128 / 64 * 4)) & 15) | (((b[128 + (i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3) << 4)) - 32)),
        (20, "IQ4_NL", 32, 18, [0], (b, i) => Curve[Nibble(b, 2, i)] * Half(b, 0)),
        (23, "IQ4_XS", 256, 136, [0], (b, i) =>
            Half(b, 0) * ((((b[4 + (i / 64)] >> (i / 32 % 2 * 4)) & 15) | ((((b[2] | (b[3] << 8)) >> (i / 32 * 2)) & 3) << 4)) - 32)
            * Curve[(b[8 + (i / 32 * 16) + (i % 16)] >> (i % 32 / 16 * 4)) & 15]),
        (39, "MXFP4", 32, 17, [], (b, i) => E2M1[Nibble(b, 1, i)] * MathF.Pow(2, b[0] - 127)),
    ];

    private static float Half(byte[] block, int at) => (float)BitConverter.ToHalf(block, at);

    // The first 16 elements are the low halves of 16 bytes, the others the high ones.
    private static int Nibble(byte[] block, int at, int i) => (block[at + (i % 16)] >> (i / 16 * 4)) & 15;

    private static int Bit(byte[] block, int at, int i) => (block[at + (i / 8)] >> (i % 8)) & 1;

    // 32 bytes hold 128 elements of 2 bits, 32 at each place.
    private static int Two(byte[] block, int at, int i) => (block[at + (i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;

    // 32 bytes hold 64 elements of 4 bits.
    private static int Four(byte[] block, int at, int i) => (block[at + (i / 64 * 32) + (i % 32)] >> (i % 64 / 32 * 4)) & 15;

    private static int Six(byte[] block, int j) =>
        ((block[96 + (j % 8)] >> (j / 8 * 4)) & 15) | (((block[104 + (j % 4)] >> (j / 4 * 2)) & 3) << 4);

    private static int Scale(byte[] block, int j) =>
        j < 4 ? block[4 + j] & 63 : (block[4 + j + 4] & 15) | (block[4 + j - 4] >> 6 << 4);

    private static int Least(byte[] block, int j) =>
        j < 4 ? block[4 + j + 4] & 63 : (block[4 + j + 4] >> 4) | (block[4 + j] >> 6 << 4);
}
