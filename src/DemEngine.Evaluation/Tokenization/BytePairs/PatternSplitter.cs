using System.Text.RegularExpressions;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Cuts text at the matches of a regular expression, which stand alone, as does what lies between them. The expressions are written for a library that
/// matches code points; .NET matches UTF-16, so what lies outside the Basic Multilingual Plane is shown to it by a <see cref="StandIn"/>.
/// </summary>
internal sealed class PatternSplitter
{
    // For one match: no honest expression needs a fraction of it.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private readonly Regex _pattern;
    private readonly string _file;

    private PatternSplitter(string pattern, string file)
    {
        _pattern = new Regex(pattern, RegexOptions.CultureInvariant, Longest);
        _file = file;
    }

    /// <summary>GPT-2's, which ByteLevel uses unless told otherwise (Radford et al., 2019; in its published code).</summary>
    public static PatternSplitter OfGpt2 { get; } = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "");

    /// <exception cref="DemException">DEM2104: the expression may mean another thing here than there.</exception>
    public static PatternSplitter Of(string pattern, string file)
    {
        PatternDialect.Check(pattern, file);
        try
        {
            return new PatternSplitter(pattern, file);
        }
        catch (ArgumentException e)
        {
            throw TokenizerFault.Unsupported(file, $"the expression {Quoted.Name(pattern)} is not supported: {e.Message}", e);
        }
    }

    /// <summary>The pieces, in order; none is empty.</summary>
    /// <exception cref="DemException">DEM2104: it takes too long.</exception>
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
            throw TokenizerFault.Unsupported(_file, $"the expression {Quoted.Name(_pattern.ToString())} takes too long on this text", e);
        }

        return pieces;

        void Add(int from, int to)
        {
            if (to > from)
                pieces.Add(text[shown.Place(from)..shown.Place(to)]);
        }
    }
}
