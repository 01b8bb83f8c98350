using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Mixtures;
using DemEngine.Numerics.Simd;
using DemEngine.Recipes.Values;

namespace DemEngine.Evaluation.Prompts;

/// <summary>
/// For each layer the hidden state with which it is entered at the last token of a prompt, averaged over the prompts of a list.
/// </summary>
internal sealed class HiddenPromptVectors(string path, ITokenizerReader tokenizers, int threads) : IPromptVectors
{
    private readonly Lazy<PromptModel> _model = new(() => new PromptModel(path, tokenizers, computes: true));

    public void Check(IReadOnlyList<ValueList<string>> lists) => _model.Value.Encode(lists);

    public IReadOnlyList<IReadOnlyList<double[]>> Compute(IReadOnlyList<ValueList<string>> lists, CancellationToken cancel)
    {
        ImmutableArray<int>[][] prompts = _model.Value.Encode(lists);
        using Checkpoint weights = _model.Value.Open();
        var states = new HiddenStates(_model.Value.Config, name => weights.Find(name)!, threads, VectorWidths.Best);
        float[][][] last = states.OfLastTokens([.. prompts.SelectMany(list => list)], cancel);
        weights.CheckUnchanged();
        var vectors = new List<IReadOnlyList<double[]>>();
        int first = 0;
        foreach (ImmutableArray<int>[] list in prompts)
        {
            vectors.Add([.. last.Select(layer => Mean(layer.AsSpan(first, list.Length)))]);
            first += list.Length;
        }

        return vectors;
    }

    private static double[] Mean(ReadOnlySpan<float[]> states)
    {
        var sums = new double[states[0].Length];
        foreach (float[] state in states)
        {
            for (int k = 0; k < sums.Length; k++)
                sums[k] += state[k];
        }

        for (int k = 0; k < sums.Length; k++)
            sums[k] /= states.Length;
        return sums;
    }
}
