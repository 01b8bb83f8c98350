using DemEngine.Numerics;

namespace DemEngine.Tests.Numerics;

public sealed class GramMatrixTests
{
    [Test]
    public void The_upper_triangle_is_stored_row_after_row([Range(0, 6)] int order)
    {
        var gram = new GramMatrix(order);
        Assert.That(gram.Order, Is.EqualTo(order));
        Assert.That(gram.Upper.Length, Is.EqualTo(GramMatrix.PairCount(order)));

        int at = 0;
        for (int i = 0; i < order; i++)
        {
            for (int j = i; j < order; j++)
                gram.Upper[at++] = (10 * i) + j;
        }

        Assert.That(at, Is.EqualTo(GramMatrix.PairCount(order)));
        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j < order; j++)
                Assert.That(gram[i, j], Is.EqualTo((10 * Math.Min(i, j)) + Math.Max(i, j)));
        }
    }

    [Test]
    public void A_matrix_starts_as_zeros() => Assert.That(new GramMatrix(4).Upper.ToArray(), Is.All.Zero);

    [Test]
    public void A_negative_order_is_refused() =>
        Assert.That(() => new GramMatrix(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Norms_and_cosines_follow_from_the_products()
    {
        // (3, 4), (4, 3), (-6, -8), (0, 0)
        var gram = Of(25, 24, -50, 0, 25, -48, 0, 100, 0, 0);
        Assert.That(gram.Norm(0), Is.EqualTo(5));
        Assert.That(gram.Norm(2), Is.EqualTo(10));
        Assert.That(gram.Cosine(0, 1), Is.EqualTo(0.96));
        Assert.That(gram.Cosine(1, 0), Is.EqualTo(0.96));
        Assert.That(gram.Cosine(0, 2), Is.EqualTo(-1));
        Assert.That(gram.Cosine(1, 1), Is.EqualTo(1));
        Assert.That(gram.Cosine(0, 3), Is.NaN);
        Assert.That(gram.Cosine(3, 3), Is.NaN);
    }

    [Test]
    public void A_cosine_never_leaves_its_range()
    {
        var gram = Of(0.1, Math.BitIncrement(0.1), 0.1);
        Assert.That(gram.Cosine(0, 1), Is.EqualTo(1));
        gram.Upper[1] = -Math.BitIncrement(0.1);
        Assert.That(gram.Cosine(0, 1), Is.EqualTo(-1));
    }

    [Test]
    public void Matrices_add_up()
    {
        var gram = Of(1, 2, 3);
        gram.Add(Of(10, 20, 30));
        gram.Add([100.0, 200, 300]);
        Assert.That(gram.Upper.ToArray(), Is.EqualTo([111.0, 222, 333]));
    }

    [Test]
    public void Only_matrices_of_one_order_add_up() =>
        Assert.That(() => new GramMatrix(2).Add(new GramMatrix(3)), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(2, 0)]
    [TestCase(0, 2)]
    [TestCase(-1, 0)]
    [TestCase(1, -1)]
    public void An_index_out_of_range_is_refused(int i, int j) =>
        Assert.That(() => new GramMatrix(2)[i, j], Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(2)]
    [TestCase(4)]
    public void Only_as_many_products_are_added_as_there_are(int count)
    {
        var gram = Of(1, 2, 3);
        Assert.That(() => gram.Add(new double[count]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(gram.Upper.ToArray(), Is.EqualTo([1.0, 2, 3]));
    }

    private static GramMatrix Of(params double[] upper)
    {
        var gram = new GramMatrix((int)Math.Sqrt(2 * upper.Length));
        upper.CopyTo(gram.Upper);
        return gram;
    }
}
