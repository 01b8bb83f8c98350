using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Mixtures;
using DemEngine.Recipes.Values;

namespace DemEngine.Evaluation.Prompts;

/// <summary>
/// The sum of the embeddings of all tokens of a list's prompts, divided by its Euclidean length, the same for all layers.
/// </summary>
internal sealed class EmbeddedPromptVectors(string path, ITokenizerReader tokenizers) : IPromptVectors
{
    private const double SmallestLength = 1e-8;

    private readonly Lazy<PromptModel> _model = new(() => new PromptModel(path, tokenizers, computes: false));

    public void Check(IReadOnlyList<ValueList<string>> lists) => _model.Value.Encode(lists);

    public IReadOnlyList<IReadOnlyList<double[]>> Compute(IReadOnlyList<ValueList<string>> lists, CancellationToken cancel)
    {
        LlamaConfig sizes = _model.Value.Config;
        using Checkpoint weights = _model.Value.Open();
        StoredTensor embedding = weights.Find(LlamaTensors.Embedding)!;
        var vectors = new List<IReadOnlyList<double[]>>();
        foreach (ImmutableArray<int>[] list in _model.Value.Encode(lists))
        {
            cancel.ThrowIfCancellationRequested();
            double[] vector = Sum(embedding, list, sizes.HiddenSize);
            vectors.Add([.. Enumerable.Repeat(vector, sizes.Layers)]);
        }

        weights.CheckUnchanged();
        return vectors;
    }

    private static double[] Sum(ITensorData embedding, ImmutableArray<int>[] prompts, int hidden)
    {
        var sums = new double[hidden];
        var row = new float[hidden];
        foreach (int token in prompts.SelectMany(prompt => prompt))
        {
            WeightDecoding.Decode(embedding, (long)token * hidden, row);
            for (int k = 0; k < hidden; k++)
                sums[k] += row[k];
        }

        double length = Math.Max(SmallestLength, Math.Sqrt(sums.Sum(value => value * value)));
        return [.. sums.Select(value => value / length)];
    }
}
