using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Tests.Reference;
using TorchSharp;

namespace DemEngine.Training.Tests;

/// <summary>Models of every shape that the architecture allows, a few hundred weights each.</summary>
internal static class TinyModels
{
    public static LlamaConfig Plain { get; } = new()
    {
        VocabularySize = 11,
        HiddenSize = 8,
        IntermediateSize = 12,
        Layers = 2,
        AttentionHeads = 2,
        KeyValueHeads = 2,
        HeadSize = 4,
        MaxPositions = 32,
    };

    /// <summary>Grouped queries, tied embeddings, heads wider than hidden size over heads, other constants.</summary>
    public static LlamaConfig Grouped { get; } = Plain with
    {
        AttentionHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
        TieEmbeddings = true,
        RopeTheta = 100,
        RmsNormEpsilon = 1e-3,
    };

    /// <summary>One head of keys for all.</summary>
    public static LlamaConfig Shared { get; } = Plain with { AttentionHeads = 3, KeyValueHeads = 1, HeadSize = 2, Layers = 1 };

    /// <summary>Biases of queries, keys and values, as in Qwen2.</summary>
    public static LlamaConfig Biased { get; } = Grouped with { HasBiases = true, RmsNormEpsilon = 1e-6 };

    /// <summary>Normalised heads, as in Qwen3, and stretched frequencies.</summary>
    public static LlamaConfig HeadNorms { get; } = Grouped with { HasHeadNorms = true, Scaling = new LinearScaling(3) };

    /// <summary>A window of a few tokens, as in Mistral.</summary>
    public static LlamaConfig Windowed { get; } = Plain with { Window = 3, HeadSize = 8, Scaling = new Llama3Scaling(4, 1, 4, 12) };

    public static IEnumerable<TestCaseData> All => Named.Select(one => new TestCaseData(one.Config).SetArgDisplayNames(one.Name));

    public static IEnumerable<TestFixtureData> Fixtures => Named.Select(one => new TestFixtureData(one.Config).SetArgDisplayNames(one.Name));

    private static (LlamaConfig Config, string Name)[] Named =>
        [(Plain, "plain"), (Grouped, "grouped queries, tied"), (Shared, "one head of keys"), (Biased, "biases"), (HeadNorms, "normalised heads"), (Windowed, "window")];

    /// <summary>Weights large enough that every part of the model shows in the result; normalisations differ from 1.</summary>
    public static torch.Tensor Weights(LlamaConfig config, int seed = 1)
    {
        var layout = new ParameterLayout(config);
        float[] numbers = new float[layout.Length];
        var random = new Random(seed);
        for (long i = 0; i < numbers.Length; i++)
            numbers[i] = (float)((random.NextDouble() - 0.5) * 1.5) + (i >= layout.MatrixLength ? 1 : 0); // Biases are around 1, too.
        return torch.tensor(numbers);
    }

    /// <summary>The same as a model.</summary>
    public static TorchModel Model(LlamaConfig config, int seed = 1)
    {
        TorchLibrary.Load();
        return new TorchModel($"seed {seed}", config, new ParameterLayout(config), Weights(config, seed));
    }

    public static float[] Numbers(torch.Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.cpu().contiguous().bytes).ToArray();

    public static PlainLlama Reference(LlamaConfig config, float[] flat)
    {
        var layout = new ParameterLayout(config);
        return new PlainLlama(config, layout.Weights.ToDictionary(
            weight => weight.Name,
            weight => flat.AsSpan((int)weight.Offset, (int)weight.Shape.ElementCount).ToArray().Select(value => (double)value).ToArray()));
    }

    public static Example[] Examples(LlamaConfig config, int count, int seed = 2)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int length = random.Next(2, 13);
            ImmutableArray<int> tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))];
            int first = random.Next(1, length);

            // Of some, as in a chat, not all that follows is predicted.
            return length % 2 == 0 ? new Example(tokens, first) : new Example(tokens, [first, .. Enumerable.Range(first + 1, length - first - 1).Where(t => t % 3 != 0)]);
        })];
    }
}
