using System.Globalization;
using System.Text.RegularExpressions;

namespace DemEngine.Checkpoints;

/// <summary>
/// The place of a tensor in a network, read from its name: <c>model.layers.7.mlp.up_proj.weight</c> lies in layer 7 of the stack
/// <c>model.layers</c>. Names as the common architectures have them: <c>layers.N</c>, <c>h.N</c>, <c>block.N</c>, <c>blocks.N</c>. Of several
/// numbers the outermost counts: <c>encoder.block.3.layer.1</c> lies in block 3.
/// </summary>
/// <param name="Stack">The path up to the number, such as <c>encoder.block</c>; null outside any stack.</param>
/// <param name="Layer">The number; 0 outside any stack.</param>
public readonly partial record struct LayerName(string? Stack, int Layer)
{
    /// <summary>Reads a tensor's name.</summary>
    public static LayerName Parse(string tensor)
    {
        Match match = Pattern().Match(tensor);
        return match.Success && int.TryParse(match.Groups["number"].ValueSpan, out int number)
            ? new LayerName(match.Groups["stack"].Value, number)
            : default;
    }

    /// <summary>The name of the same tensor in another layer of its stack.</summary>
    /// <param name="tensor">The name of a tensor in a stack.</param>
    /// <param name="layer">The other layer.</param>
    public static string Renumber(string tensor, int layer)
    {
        Group number = Pattern().Match(tensor).Groups["number"];
        return string.Create(CultureInfo.InvariantCulture, $"{tensor.AsSpan(0, number.Index)}{layer}{tensor.AsSpan(number.Index + number.Length)}");
    }

    /// <summary>Whether a name is that of an embedding, which comes before the layers. GPT-NeoX calls its output matrix <c>embed_out</c>.</summary>
    public static bool IsEmbedding(string tensor) =>
        EmbeddingPattern().IsMatch(tensor) && !tensor.StartsWith("embed_out.", StringComparison.Ordinal);

    /// <summary>Whether a tensor's rows are those of the vocabulary: token embeddings and the output matrix.</summary>
    public static bool IsVocabulary(string tensor) => VocabularyPattern().IsMatch(tensor);

    [GeneratedRegex(@"^(?<stack>(.*?\.)?(layers?|h|blocks?))\.(?<number>\d+)\.", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"(^|\.)(\w*embed\w*|wte|wpe|shared)(\.|$)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex EmbeddingPattern();

    [GeneratedRegex(@"(^(output|lm_head\.decoder)|(^|\.)(embed_tokens|embed_tokens_per_layer|tok_embeddings|word_embeddings|wte|embed_in|embed_out|lm_head|shared|embeddings|output_layer|vocab_projector|predictions\.decoder|predictions))\.(weight|bias)$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex VocabularyPattern();
}
