using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.BytePairs;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>
/// The <c>normalizer</c> of a <c>tokenizer.json</c>: none, NFC, or one that makes spaces visible as SentencePiece does.
/// </summary>
/// <param name="Apply">Function that normalises a stretch of text between added tokens.</param>
/// <param name="PrefixesSpace">Whether the normalizer puts a space before the stretch.</param>
internal sealed record NormalizerJson(Func<string, string> Apply, bool PrefixesSpace)
{
    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the normalizer is not supported, or it is damaged.
    /// </exception>
    public static NormalizerJson Read(TokenizerNode? normalizer)
    {
        if (normalizer is not { } node)
            return new NormalizerJson(text => text, PrefixesSpace: false);
        switch (node.Type)
        {
            case "NFC":
                node.Only();
                return new NormalizerJson(text => ComposedText.Check(text, node.File), PrefixesSpace: false);
            case "Prepend" when node.Only("prepend").Text("prepend") is "▁":
                return new NormalizerJson(text => text.Length == 0 ? text : Metaspace.Mark + text, PrefixesSpace: true);
            case "Replace" when node.Only("pattern", "content").Object("pattern")?.Only("String").Text("String") is " "
                && node.Text("content") is "▁":
                return new NormalizerJson(Metaspace.Show, PrefixesSpace: false);
            case "Sequence":
                NormalizerJson[] steps = [.. node.Only("normalizers").Objects("normalizers").Select(step => Read(step))];
                return new NormalizerJson(
                    text => steps.Aggregate(text, (done, step) => step.Apply(done)), steps.Any(step => step.PrefixesSpace));
            default:
                throw node.Unsupported(
                    $"is of type {Quoted.Name(node.Type)} with values that are not supported; "
                    + "known are NFC, Prepend of \"▁\", Replace of \" \" by \"▁\", and a Sequence of these");
        }
    }
}
