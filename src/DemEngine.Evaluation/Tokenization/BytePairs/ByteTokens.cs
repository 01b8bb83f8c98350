using System.Globalization;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// The byte tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, which spell characters that have no token of their own.
/// </summary>
internal static class ByteTokens
{
    public static string Name(byte value) => $"<0x{value:X2}>";

    public static bool IsName(string token) => TryGetByte(token, out _);

    /// <returns>Whether the token is one of the byte tokens.</returns>
    public static bool TryGetByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            && token == Name(value);
    }

    /// <returns>The token id of each byte.</returns>
    /// <exception cref="DemException">DEM2104 (NoTokenizer): the vocabulary lacks some of the byte tokens.</exception>
    public static int[] Find(Dictionary<string, int> vocabulary, string file)
    {
        var ids = new int[256];
        for (int value = 0; value < ids.Length; value++)
        {
            if (!vocabulary.TryGetValue(Name((byte)value), out ids[value]))
                throw TokenizerFault.Unsupported(
                    file, $"{Name((byte)value)} is not in the vocabulary; bytes are supported where all 256 have a token");
        }

        return ids;
    }
}
