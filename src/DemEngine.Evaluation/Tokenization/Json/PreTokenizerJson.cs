using System.Text.RegularExpressions;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.BytePairs;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>The <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
/// <param name="Split">Function that splits normalised text into pieces in the vocabulary's spelling.</param>
/// <param name="IsByteLevel">Whether the pieces are spelt in bytes.</param>
/// <param name="PrefixesSpace">Whether the pre-tokenizer puts a space before the text.</param>
internal sealed record PreTokenizerJson(PreTokenization Split, bool IsByteLevel, bool PrefixesSpace)
{
    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the pre-tokenizer is not supported, or it is damaged.
    /// </exception>
    public static PreTokenizerJson Read(TokenizerNode? preTokenizer)
    {
        if (preTokenizer is not { } node)
            return Cutting(text => [text]);
        return node.Type switch
        {
            "ByteLevel" => ByteLevel(node.Only("add_prefix_space", "trim_offsets", "use_regex")),
            "Metaspace" => OfMetaspace(node.Only("replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep")),
            "Digits" => Cutting(PatternSplitter.Of(
                node.Only("individual_digits").Flag("individual_digits") ? @"\p{N}" : @"\p{N}+", node.File).Split),
            "Split" => Cutting(PatternSplitter.Of(Pattern(node.Only("pattern", "behavior", "invert")), node.File).Split),
            "Sequence" => Sequence(node.Only("pretokenizers")),
            _ => throw node.Unsupported($"is of type {Quoted.Name(node.Type)}, which is not supported"),
        };
    }

    private static PreTokenizerJson Cutting(Func<string, IEnumerable<string>> cut) =>
        new((text, _) => cut(text), IsByteLevel: false, PrefixesSpace: false);

    private static string Pattern(TokenizerNode node)
    {
        if (node.Text("behavior") != "Isolated" || node.Flag("invert"))
            throw node.Unsupported("has another behavior than Isolated, or invert, which is not supported");
        TokenizerNode pattern = (node.Object("pattern") ?? throw node.Bad("there is no pattern")).Only("Regex", "String");
        return pattern.Text("Regex")
            ?? (pattern.Text("String") is { } text ? Regex.Escape(text) : throw pattern.Bad("neither Regex nor String"));
    }

    private static PreTokenizerJson ByteLevel(TokenizerNode node)
    {
        bool prefix = node.Flag("add_prefix_space", otherwise: true);
        Func<string, IEnumerable<string>> cut =
            node.Flag("use_regex", otherwise: true) ? PatternSplitter.OfGpt2.Split : text => [text];
        return new PreTokenizerJson(
            (text, _) => cut(prefix && !text.StartsWith(' ') ? ' ' + text : text).Select(ByteAlphabet.Spell),
            IsByteLevel: true,
            prefix);
    }

    private static PreTokenizerJson OfMetaspace(TokenizerNode node)
    {
        if ((node.Text("replacement") ?? "▁") != "▁")
            throw node.Unsupported("has another replacement than \"▁\", which is not supported");
        string scheme = node.Text("prepend_scheme") ?? (node.Flag("add_prefix_space", otherwise: true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw node.Unsupported($"has the prepend_scheme {Quoted.Name(scheme)}, which is not supported");
        bool split = node.Flag("split", otherwise: true);
        return new PreTokenizerJson(
            (text, begins) =>
            {
                string shown = Metaspace.Show(text);
                if ((scheme == "always" || (scheme == "first" && begins)) && !shown.StartsWith(Metaspace.Mark))
                    shown = Metaspace.Mark + shown;
                return split ? Metaspace.Words(shown) : [shown];
            },
            IsByteLevel: false,
            PrefixesSpace: scheme != "never");
    }

    private static PreTokenizerJson Sequence(TokenizerNode node)
    {
        PreTokenizerJson[] steps = [.. node.Objects("pretokenizers").Select(step => Read(step))];
        if (steps.SkipLast(1).Any(step => step.IsByteLevel))
            throw node.Unsupported("goes on after ByteLevel, which is not supported");
        return new PreTokenizerJson(
            (text, begins) => steps.Aggregate(
                (IEnumerable<string>)[text],
                (pieces, step) => pieces.SelectMany((piece, index) => step.Split(piece, begins && index == 0))),
            steps.Any(step => step.IsByteLevel),
            steps.Any(step => step.PrefixesSpace));
    }
}
