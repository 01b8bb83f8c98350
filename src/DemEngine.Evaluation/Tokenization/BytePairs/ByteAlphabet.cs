using System.Text;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Alphabet that spells each byte as one printable character (Radford et al., "Language Models are Unsupervised Multitask
/// Learners", 2019, section 2.2, as implemented in its published code). The printable characters of Latin-1 stand for themselves;
/// the other bytes are the characters from U+0100 on, in order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Make();
    private static readonly Dictionary<char, byte> Bytes =
        Enumerable.Range(0, 256).ToDictionary(value => Characters[value], value => (byte)value);

    /// <summary>Spells the bytes of a text's UTF-8.</summary>
    public static string Spell(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(value => Characters[value]));

    /// <returns>Whether the character stands for a byte.</returns>
    public static bool TryGetByte(char character, out byte value) => Bytes.TryGetValue(character, out value);

    private static char[] Make()
    {
        var characters = new char[256];
        int next = 0x100;
        for (int value = 0; value < 256; value++)
            characters[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : (char)next++;
        return characters;
    }
}
