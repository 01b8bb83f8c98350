using System.Text.RegularExpressions;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Splits text at the matches of a regular expression; each match is a piece, and so is the text between two matches. The
/// expressions are written for a library that matches code points, whereas .NET matches UTF-16 units. Characters outside the
/// Basic Multilingual Plane are therefore replaced by a <see cref="StandIn"/> for matching.
/// </summary>
internal sealed class PatternSplitter
{
    // Time limit for one match. No ordinary expression needs a fraction of it.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private readonly Regex _pattern;
    private readonly string _file;

    private PatternSplitter(string pattern, string file)
    {
        _pattern = new Regex(pattern, RegexOptions.CultureInvariant, Longest);
        _file = file;
    }

    /// <summary>
    /// GPT-2's expression, which ByteLevel uses unless told otherwise (Radford et al., 2019; in its published code).
    /// </summary>
    public static PatternSplitter OfGpt2 { get; } =
        new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "");

    /// <exception cref="DemException">
    /// DEM2104 (NoTokenizer): the expression is not valid in .NET, or may mean something else there.
    /// </exception>
    public static PatternSplitter Of(string pattern, string file)
    {
        PatternDialect.Check(pattern, file);
        try
        {
            return new PatternSplitter(pattern, file);
        }
        catch (ArgumentException e)
        {
            throw TokenizerFault.Unsupported(
                file, $"the expression {Quoted.Name(pattern)} is not supported: {e.Message}", e);
        }
    }

    /// <summary>Returns the pieces of a text in order; none is empty.</summary>
    /// <exception cref="DemException">DEM2104 (NoTokenizer): matching takes too long.</exception>
    public IEnumerable<string> Split(string text)
    {
        StandIn shown = StandIn.For(text);
        var pieces = new List<string>();
        try
        {
            int start = 0;
            foreach (ValueMatch match in _pattern.EnumerateMatches(shown.Text))
            {
                if (match.Length == 0)
                    continue;
                Add(start, match.Index);
                Add(match.Index, start = match.Index + match.Length);
            }

            Add(start, shown.Text.Length);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TokenizerFault.Unsupported(
                _file, $"the expression {Quoted.Name(_pattern.ToString())} takes too long on this text", e);
        }

        return pieces;

        void Add(int from, int to)
        {
            if (to > from)
                pieces.Add(text[shown.Place(from)..shown.Place(to)]);
        }
    }
}
