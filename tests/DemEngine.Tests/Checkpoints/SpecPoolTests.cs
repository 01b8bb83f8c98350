using DemEngine.Checkpoints;

namespace DemEngine.Tests.Checkpoints;

/// <summary>The shapes of all tensors of the models that are merged with each other.</summary>
public sealed class SpecPoolTests
{
    [Test]
    public void Shapes_are_those_that_are_asked_for_and_each_is_kept_once()
    {
        var pool = new SpecPool();
        var random = new Random(1);
        var known = new Dictionary<string, TensorShape>();
        for (int k = 0; k < 5000; k++)
        {
            long[] dimensions = [.. Enumerable.Range(0, random.Next(12)).Select(_ => (long)random.Next(4))];
            Assert.That(pool.TryShape(dimensions, out TensorShape shape));
            Assert.That(shape, Is.EqualTo(new TensorShape([.. dimensions])));
            Assert.That(shape.ElementCount, Is.EqualTo(new TensorShape([.. dimensions]).ElementCount));
            if (!known.TryAdd(string.Join(' ', dimensions), shape))
                Assert.That(shape.Dimensions == known[string.Join(' ', dimensions)].Dimensions, "the same array of dimensions");
        }
    }

    [Test]
    public void A_shape_with_too_many_elements_is_refused_each_time()
    {
        var pool = new SpecPool();
        for (int k = 0; k < 2; k++)
            Assert.That(pool.TryShape([long.MaxValue, 2], out _), Is.False);
        Assert.That(pool.TryShape([long.MaxValue, 1], out _));
    }
}
