using DemEngine.Language;
#if HAS_MICROSOFTMLTOKENIZERS
using DemEngine.Tokenization.BytePairs;
using DemEngine.Tokenization.Json;
using DemEngine.Tokenization.SentencePiece;
#endif

namespace DemEngine.Tokenization;

/// <summary>
/// Reads byte-pair tokenizers (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", https://arxiv.org/abs/1508.07909):
/// <c>tokenizer.json</c> of Hugging Face's tokenizers, over bytes or with bytes as a fallback, and SentencePiece's <c>tokenizer.model</c>. Whatever would
/// give other ids than the checkpoint's own tokenizer is refused by name. Needs the package Microsoft.ML.Tokenizers.
/// </summary>
public sealed class CheckpointTokenizerReader : ITokenizerReader
{
#if HAS_MICROSOFTMLTOKENIZERS
    /// <inheritdoc/>
    public ITokenizer Read(string file, LlamaConfig config)
    {
        TokenizerConfig settings = TokenizerConfig.Read(Path.GetDirectoryName(Path.GetFullPath(file))!);
        TokenizerParts parts = file.EndsWith(".json", StringComparison.Ordinal) ? TokenizerJson.Read(file, settings) : SentencePieceTokenizer.Read(file, settings);
        return new BytePairTokenizer(parts, config);
    }
#else
    /// <inheritdoc/>
    public ITokenizer Read(string file, LlamaConfig config) => throw new DemException(
        ErrorCode.FeatureNotBuilt,
        $"{file}: a checkpoint's own tokenizer needs Microsoft.ML.Tokenizers, which this build leaves out: the package was not there. "
        + "Build with -p:WithMicrosoftMLTokenizers=true on a package source that has it, or give data as token ids, {\"tokens\": [...]}");
#endif
}
