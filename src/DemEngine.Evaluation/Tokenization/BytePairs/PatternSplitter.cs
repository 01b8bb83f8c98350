using System.Diagnostics;
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
    // Time limit for one match, and for a whole text with what is allowed for its length. No ordinary expression needs a fraction
    // of either; one that goes back and forth in a text needs a time that grows with the square of its length, or faster.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PerCharacter = TimeSpan.FromMicroseconds(5);

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
        TimeSpan allowed = Longest + (text.Length * PerCharacter);
        long began = Stopwatch.GetTimestamp();
        var pieces = new List<string>();
        try
        {
            int start = 0;
            foreach (ValueMatch match in _pattern.EnumerateMatches(shown.Text))
            {
                if (Stopwatch.GetElapsedTime(began) > allowed)
                    throw TooSlow(null);
                if (match.Length == 0)
                    continue;
                Add(start, match.Index);
                Add(match.Index, start = match.Index + match.Length);
            }

            Add(start, shown.Text.Length);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(e);
        }

        return pieces;

        DemException TooSlow(Exception? cause) => TokenizerFault.Unsupported(
            _file,
            $"the expression {Quoted.Name(_pattern.ToString())} takes too long on a text of {text.Length} characters",
            cause);

        void Add(int from, int to)
        {
            if (to > from)
                pieces.Add(text[shown.Place(from)..shown.Place(to)]);
        }
    }
}
