using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;

namespace DemEngine.Training.Tests.Data;

public class BatchCutTests
{
    [Test]
    public void Every_example_is_in_one_batch_and_batches_are_of_similar_length([Values(1, 40, 200, 100_000)] int maxPositions)
    {
        Example[] examples = TinyModels.Examples(TinyModels.Plain, 100);
        ImmutableArray<ImmutableArray<int>> batches = BatchCut.Of(examples, maxPositions);

        Assert.That(batches.SelectMany(batch => batch), Is.EquivalentTo(Enumerable.Range(0, 100)));
        int[] lengths = [.. batches.SelectMany(batch => batch).Select(i => examples[i].Tokens.Length)];
        Assert.That(lengths, Is.Ordered);
        foreach (ImmutableArray<int> batch in batches.Where(batch => batch.Length > 1))
            Assert.That(Positions(batch, examples), Is.LessThanOrEqualTo(maxPositions));
    }

    [Test]
    public void No_other_cut_costs_less()
    {
        var random = new Random(3);
        Example[] examples = [.. new[] { 2, 2, 3, 90, 91, 95, 400, 401, 900, 901 }.Select(length => new Example([.. Enumerable.Repeat(1, length)], 1))];
        random.Shuffle(examples);
        long chosen = BatchCut.Of(examples, long.MaxValue).Sum(batch => Positions(batch, examples) + 256);

        // All 2⁹ ways to cut the sorted examples.
        int[] sorted = [.. Enumerable.Range(0, 10).OrderBy(i => examples[i].Tokens.Length)];
        long least = long.MaxValue;
        for (int cuts = 0; cuts < 512; cuts++)
        {
            long cost = 0;
            int first = 0;
            for (int i = 0; i < 10; i++)
            {
                if (i == 9 || (cuts & (1 << i)) != 0)
                {
                    cost += Positions([.. sorted[first..(i + 1)]], examples) + 256;
                    first = i + 1;
                }
            }

            least = Math.Min(least, cost);
        }

        Assert.That(chosen, Is.EqualTo(least));
    }

    private static long Positions(ImmutableArray<int> batch, Example[] examples) =>
        (long)batch.Length * (batch.Max(i => examples[i].Tokens.Length) - 1);
}
