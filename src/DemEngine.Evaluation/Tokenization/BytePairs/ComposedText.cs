using System.Globalization;
using System.Text;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Checks that text is in normalisation form C (Unicode Standard Annex #15). Programs built for the invariant locale carry no
/// normalisation tables, so text is not composed here, and text that is not known to be composed is refused. The known blocks
/// hold only characters that composition leaves unchanged unless a combining mark follows.
/// </summary>
internal static class ComposedText
{
    private static readonly (int First, int Last)[] Stable =
    [
        (0x0000, 0x02FF), // Latin and phonetic letters: no combining mark comes before U+0300
        (0x038E, 0x03CE), // Greek
        (0x0400, 0x052F), // Cyrillic
        (0x0531, 0x058F), // Armenian
        (0x05D0, 0x05EA), // Hebrew letters
        (0x0621, 0x064A), // Arabic letters
        (0x1E00, 0x1EFF), // Latin with marks
        (0x2002, 0x2064), // spaces and punctuation; U+2000 and U+2001 compose to others
        (0x2070, 0x20BF), // superscripts, currencies
        (0x2190, 0x22FF), // arrows, mathematics
        (0x2300, 0x2328), // technical
        (0x232B, 0x2ADB), // technical, shapes, dingbats, mathematics
        (0x3000, 0x30FF), // Kana, and what goes with Chinese and Japanese
        (0x3105, 0x312F), // Bopomofo
        (0x3200, 0x33FF), // enclosed, squared
        (0x3400, 0x9FFF), // Chinese
        (0xAC00, 0xD7A3), // Hangul syllables
        (0xFF01, 0xFF9D), // full width, half width
        (0x1F000, 0x1FAFF), // pictures
        (0x20000, 0x2A6DF), // Chinese
    ];

    /// <returns>The same text, which is already composed.</returns>
    /// <exception cref="DemException">DEM2104 (NoTokenizer): the text is not known to be composed.</exception>
    public static string Check(string text, string file)
    {
        foreach (Rune character in text.EnumerateRunes())
        {
            if (!IsStable(character))
            {
                throw TokenizerFault.Unsupported(
                    file,
                    $"its normalizer is NFC, and composing {Quoted.Name(character.ToString())} (U+{character.Value:X4}) "
                    + "with what stands before it is not supported");
            }
        }

        return text;
    }

    private static bool IsStable(Rune character) =>
        Rune.GetUnicodeCategory(character)
            is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)
        && Array.Exists(Stable, range => character.Value >= range.First && character.Value <= range.Last);
}
