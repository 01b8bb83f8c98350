using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization.BytePairs;
using DemEngine.Evaluation.Tokenization.Definition;
using DemEngine.Evaluation.Tokenization.Json;
using DemEngine.Evaluation.Tokenization.SentencePiece;

namespace DemEngine.Evaluation.Tokenization;

/// <summary>
/// Reads byte-pair tokenizers (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units",
/// https://arxiv.org/abs/1508.07909): Hugging Face's <c>tokenizer.json</c>, over bytes or with bytes as a fallback, and
/// SentencePiece's <c>tokenizer.model</c>. Anything that would give other ids than the checkpoint's own tokenizer is refused by
/// name.
/// </summary>
public sealed class CheckpointTokenizerReader : ITokenizerReader
{
    /// <inheritdoc/>
    public ITokenizer Read(string file, LlamaConfig config)
    {
        TokenizerConfig settings = TokenizerConfig.Read(Path.GetDirectoryName(Path.GetFullPath(file))!);
        TokenizerParts parts = file.EndsWith(".json", StringComparison.Ordinal)
            ? TokenizerJson.Read(file, settings)
            : SentencePieceTokenizer.Read(file, settings);
        return new BytePairTokenizer(parts, config);
    }
}
