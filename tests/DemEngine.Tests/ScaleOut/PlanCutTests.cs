using DemEngine.Merging.Planning;
using DemEngine.ScaleOut;

namespace DemEngine.Tests.ScaleOut;

[Parallelizable(ParallelScope.All)]
public sealed class PlanCutTests
{
    [Test]
    public void Parts_follow_each_other_and_have_all_tensors([Values(1, 2, 7, 64, 1000)] int parts, [Values(0, 1, 5, 300)] int tensors)
    {
        var random = new Random(parts + tensors);
        long[] bytes = [.. Enumerable.Range(0, tensors).Select(_ => random.Next(3) == 0 ? 0L : random.NextInt64(1, 1L << 40))];
        var cut = PlanCut.Of(bytes, parts);
        Assert.That(cut, Has.Length.EqualTo(parts));
        Assert.That(cut[0].First, Is.Zero);
        for (int k = 1; k < parts; k++)
            Assert.That(cut[k].First, Is.EqualTo(cut[k - 1].End));
        Assert.That(cut[^1].End, Is.EqualTo(tensors));
    }

    [Test]
    public void No_part_is_further_from_its_share_than_the_largest_tensor([Range(1, 40)] int parts)
    {
        var random = new Random(parts);
        long[] bytes = [.. Enumerable.Range(0, 500).Select(_ => random.NextInt64(1, 1_000_000))];
        double share = bytes.Sum() / (double)parts;
        foreach (TensorRange range in PlanCut.Of(bytes, parts))
            Assert.That(bytes.Skip(range.First).Take(range.Count).Sum(), Is.EqualTo(share).Within(bytes.Max()));
    }

    [Test]
    public void Sizes_near_the_largest_that_a_number_holds_are_cut_right()
    {
        long[] bytes = [.. Enumerable.Repeat(long.MaxValue / 2, 8)];
        Assert.That(PlanCut.Of(bytes, 4).Select(range => range.Count), Is.All.EqualTo(2));
    }

    [TestCase(new int[0], "")]
    [TestCase(new[] { 0 }, "0")]
    [TestCase(new[] { 0, 2, 3, 4, 7, 8 }, "0,2-4,7-8")]
    public void Numbers_are_written_as_schedulers_take_them(int[] numbers, string text) =>
        Assert.That(NumberRanges.Text(numbers), Is.EqualTo(text));
}
