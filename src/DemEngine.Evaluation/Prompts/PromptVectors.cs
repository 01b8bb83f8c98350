using DemEngine.Evaluation.Language;
using DemEngine.Merging.Mixtures;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Evaluation.Prompts;

/// <summary>What makes routers of mixtures from prompts.</summary>
public static class PromptVectors
{
    /// <summary>Makes what a gate mode asks for. Nothing is read before it is used.</summary>
    /// <param name="mode">Gate mode.</param>
    /// <param name="path">Path of the model that the mixture is built on.</param>
    /// <param name="tokenizers">Reader of the model's tokenizer.</param>
    /// <param name="threads">Number of threads; the vectors do not depend on it.</param>
    /// <returns>What computes the vectors; null for modes that need none.</returns>
    public static IPromptVectors? For(GateMode mode, string path, ITokenizerReader tokenizers, int threads)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tokenizers);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        return mode switch
        {
            GateMode.Hidden => new HiddenPromptVectors(path, tokenizers, threads),
            GateMode.CheapEmbed => new EmbeddedPromptVectors(path, tokenizers),
            _ => null,
        };
    }
}
