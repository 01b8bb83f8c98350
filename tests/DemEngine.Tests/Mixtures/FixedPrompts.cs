using DemEngine.Merging.Mixtures;
using DemEngine.Recipes.Values;

namespace DemEngine.Tests.Mixtures;

/// <summary>Vectors that follow from the letters of the prompts, and a note of how often they were asked for.</summary>
internal sealed class FixedPrompts : IPromptVectors
{
    public int Checked { get; private set; }

    public int Computed { get; private set; }

    public void Check(IReadOnlyList<ValueList<string>> lists) => Checked++;

    public IReadOnlyList<IReadOnlyList<double[]>> Compute(IReadOnlyList<ValueList<string>> lists, CancellationToken cancel)
    {
        Computed++;
        return [.. lists.Select(list => Enumerable.Range(0, DenseFolder.Layers).Select(layer => Vector(list, layer)).ToArray())];
    }

    public static double[] Vector(IEnumerable<string> list, int layer)
    {
        var random = new Random(string.Concat(list).Sum(c => c) + (1000 * layer));
        return [.. Enumerable.Range(0, DenseFolder.Hidden).Select(_ => (10 * random.NextDouble()) - 5)];
    }
}
