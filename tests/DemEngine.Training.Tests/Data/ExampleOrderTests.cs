using DemEngine.Training.Data;

namespace DemEngine.Training.Tests.Data;

public class ExampleOrderTests
{
    [Test]
    public void Every_epoch_takes_each_example_once_in_an_order_of_its_own()
    {
        var order = new ExampleOrder(50, seed: 7);
        int[][] epochs = [.. Enumerable.Range(0, 4).Select(epoch => Enumerable.Range(0, 50).Select(i => order[(epoch * 50) + i]).ToArray())];
        foreach (int[] epoch in epochs)
            Assert.That(epoch, Is.EquivalentTo(Enumerable.Range(0, 50)).And.Not.Ordered);
        Assert.That(epochs.Distinct(new SequenceComparer()).Count(), Is.EqualTo(4));
    }

    [Test]
    public void The_order_is_that_of_the_seed_wherever_it_is_taken_up()
    {
        int[] All(long seed)
        {
            var order = new ExampleOrder(30, seed);
            return [.. Enumerable.Range(0, 90).Select(place => order[place])];
        }

        int[] one = All(1);
        var again = new ExampleOrder(30, 1);
        Assert.That(Enumerable.Range(0, 90).Reverse().Select(place => again[place]).Reverse(), Is.EqualTo(one));
        Assert.That(All(2), Is.Not.EqualTo(one));
    }

    [Test]
    public void Each_example_comes_at_each_place_equally_often()
    {
        // 6000 permutations of five: 1200 expected in each cell, standard deviation 31.
        int[,] counts = new int[5, 5];
        var order = new ExampleOrder(5, seed: 11);
        for (int place = 0; place < 30_000; place++)
            counts[place % 5, order[place]]++;
        Assert.That(counts.Cast<int>(), Is.All.InRange(1050, 1350));
    }

    private sealed class SequenceComparer : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x!.SequenceEqual(y!);

        public int GetHashCode(int[] obj) => obj[0];
    }
}
