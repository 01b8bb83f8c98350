using DemEngine.Numerics;

namespace DemEngine.Tests.Numerics;

public sealed class GramOrderTests
{
    [TestCase(0, 0)]
    [TestCase(1, 1)]
    [TestCase(4096, 1)]
    [TestCase(4097, 2)]
    [TestCase(int.MaxValue, 524288)]
    public void The_last_leaf_may_be_short(int elements, int leaves) => Assert.That(GramOrder.LeafCount(elements), Is.EqualTo(leaves));

    [Test]
    public void Lanes_are_added_by_halves()
    {
        double[] lanes = new double[256];
        lanes[0] = 1;
        lanes[128] = 1e17;
        lanes[64] = -1e17;
        lanes[192] = 1;

        // (1 + 1e17) + (-1e17 + 1): the ones are lost at the first addition already.
        Assert.That(GramOrder.SumLanes([.. lanes]), Is.Zero);

        // (1 + -1e17) + (1e17 + ...) would lose them too, in-pair cancellation does not.
        (lanes[128], lanes[64], lanes[192]) = (0, 1e17, -1e17);
        Assert.That(GramOrder.SumLanes(lanes), Is.EqualTo(1));
    }
}
