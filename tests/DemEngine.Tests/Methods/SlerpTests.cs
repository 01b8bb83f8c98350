using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

public sealed class SlerpTests
{
    [TestCase(0, 1f, 0f)]
    [TestCase(1, 0f, 1f)]
    public void Its_ends_are_the_models(double t, float ofBase, float ofOther) =>
        Assert.That(Weights(t, 4, 1, 9), Is.EqualTo(new[] { ofBase, ofOther }));

    [Test]
    public void Half_way_at_a_right_angle_both_count_alike() =>
        Assert.That(Weights(0.5, 4, 0, 9), Is.EqualTo(new[] { (float)Math.Sqrt(0.5), (float)Math.Sqrt(0.5) }).Within(1e-7));

    [Test]
    public void It_is_the_formula([Values(0.1, 0.3, 0.5, 0.9, -0.5, 1.5)] double t, [Values(-5.9, -3, 0.1, 2, 5.9)] double product)
    {
        double angle = Math.Acos(product / 6);
        Assert.That(
            Weights(t, 4, product, 9),
            Is.EqualTo(new[] { (float)(Math.Sin((1 - t) * angle) / Math.Sin(angle)), (float)(Math.Sin(t * angle) / Math.Sin(angle)) }).Within(1e-6));
    }

    [Test]
    public void The_norm_stays_between_vectors_of_one_norm([Values(0.1, 0.5, 0.8)] double t)
    {
        float[] w = Weights(t, 25, 7, 25);
        Assert.That((w[0] * w[0] * 25) + (2 * w[0] * w[1] * 7) + (w[1] * w[1] * 25), Is.EqualTo(25).Within(1e-4));
    }

    [TestCase(4, 6, 9, TestName = "Collinear")]
    [TestCase(4, -6, 9, TestName = "Opposite")]
    [TestCase(4, 5.9985, 9, TestName = "Nearly collinear")]
    [TestCase(0, 0, 9, TestName = "A zero base")]
    [TestCase(4, 0, 0, TestName = "A zero model")]
    [TestCase(0, 0, 0, TestName = "Both zero")]
    [TestCase(double.NaN, double.NaN, 9, TestName = "Not a number")]
    public void Without_an_angle_it_is_a_straight_line(double bb, double bx, double xx) =>
        Assert.That(Weights(0.3, bb, bx, xx), Is.EqualTo(new[] { 0.7f, 0.3f }));

    [Test]
    public void T_is_required()
    {
        DemException error = Assert.Throws<DemException>(() => Solving.Of(Recipe(""), gram: Gram(1, 0, 1)))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingKey));
    }

    private static float[] Weights(double t, double bb, double bx, double xx) => Solving.Weights(Recipe($"parameters: {{t: {t}}}"), gram: Gram(bb, bx, xx));

    private static string Recipe(string parameters) => $"merge_method: slerp\nbase_model: b\nmodels:\n  - model: x\n{parameters}";

    private static GramMatrix Gram(double bb, double bx, double xx)
    {
        var gram = new GramMatrix(2);
        gram.Add([bb, bx, xx]);
        return gram;
    }
}
