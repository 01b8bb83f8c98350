using DemEngine.Language;

namespace DemEngine.Tokenization.Tests;

/// <summary>All there is in a build without Microsoft.ML.Tokenizers.</summary>
public sealed class LeftOutTests
{
    [Test]
    public void What_is_missing_is_named()
    {
        var config = new LlamaConfig
        {
            VocabularySize = 8,
            HiddenSize = 4,
            IntermediateSize = 4,
            Layers = 1,
            AttentionHeads = 1,
            KeyValueHeads = 1,
            HeadSize = 4,
        };
        DemException e = Assert.Throws<DemException>(() => new CheckpointTokenizerReader().Read("model/tokenizer.json", config))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.FeatureNotBuilt));
        Assert.That(e.Message, Does.Contain("model/tokenizer.json").And.Contains("Microsoft.ML.Tokenizers").And.Contains("WithMicrosoftMLTokenizers"));
    }
}
