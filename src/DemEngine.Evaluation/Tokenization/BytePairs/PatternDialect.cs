using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Accepts only regular expressions that mean the same in Oniguruma, for which tokenizers' expressions are written, and in .NET.
/// Elsewhere the two differ silently: in what <c>.</c>, <c>^</c>, <c>$</c>, <c>\w</c> and <c>\b</c> match, and in nested classes.
/// </summary>
internal static class PatternDialect
{
    private const string KnownEscapes = "sSdDpPrntf";

    /// <exception cref="DemException">DEM2104 (NoTokenizer): the expression may mean something else in .NET.</exception>
    public static void Check(string pattern, string file)
    {
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\')
            {
                i++;
                if (i < pattern.Length && char.IsAsciiLetterOrDigit(pattern[i]) && !KnownEscapes.Contains(pattern[i]))
                    throw Unsupported($"\\{pattern[i]}");
            }
            else if (char.IsSurrogate(c))
            {
                throw Unsupported("a character outside the Basic Multilingual Plane");
            }
            else if (inClass)
            {
                inClass = c != ']';
                if (c == '[' || (c == '&' && i + 1 < pattern.Length && pattern[i + 1] == '&'))
                    throw Unsupported("a class within a class");
            }
            else if (c == '[')
            {
                inClass = true;
                if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                    i++;
            }
            else if (c is '.' or '^' or '$')
            {
                throw Unsupported(c.ToString());
            }
        }

        DemException Unsupported(string what) =>
            TokenizerFault.Unsupported(file, $"the expression {Quoted.Name(pattern)} has {what}, which is not supported");
    }
}
