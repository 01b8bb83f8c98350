using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

/// <summary>The methods that look at each position, from files to the result, against the same in binary64.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PositionMethodTests
{
    private const double Tolerance = 3e-7;

    private static IEnumerable<long[]> Shapes => TestVectors.Shapes;

    [Test]
    public void Sce([ValueSource(nameof(Shapes))] long[] shape, [Values(0, 0.1, 0.5, 1)] double share, [Values(1, 2, 3)] int models, [Values] bool someEqual)
    {
        var random = new Random(1);
        int count = (int)TestVectors.Count(shape);

        // Sizes far enough apart, or exactly equal, for their order to be beyond doubt.
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        double[] size = [.. order.Select(rank => Math.Pow(1.001, someEqual ? rank % 7 : rank) * (someEqual && rank % 3 == 0 ? 0 : 0.01))];
        double[] b = new double[count];
        double[][] x = [.. Enumerable.Range(0, models).Select(k => size.Select((s, i) => s * (((i + k) % 3) - 1)).ToArray())];
        using var run = new MethodRun(shape, ElementType.F64, x).Add("base", ElementType.F64, b);
        double[][] deltas = [.. x.Select(model => ReferenceSparse.Delta(model, b))];
        TestVectors.AssertNear(run.Merge(Recipe("sce", models, $"select_topk: {share}")), ReferenceSparse.Sce(b, deltas, share), Tolerance);
    }

    [Test]
    public void NearSwap([ValueSource(nameof(Shapes))] long[] shape, [Values(0, 0.003, 0.02)] double t)
    {
        var random = new Random(2);
        double[] b = TestVectors.Random(random, shape);
        double[] x = TestVectors.Plus(b, TestVectors.Random(random, shape, 0.01));
        using var run = new MethodRun(shape, ElementType.F64, x).Add("base", ElementType.F64, b);
        double[] expected = [.. b.Zip(x, (bi, xi) =>
        {
            double weight = xi == bi ? 1 : Math.Clamp(t / Math.Abs(bi - xi), 0, 1);
            return (weight * xi) + ((1 - weight) * bi);
        })];
        TestVectors.AssertNear(run.Merge(Recipe("nearswap", 1, $"t: {t}")), expected, 1e-8);
    }

    [Test]
    public void Fusion([ValueSource(nameof(Shapes))] long[] shape, [Values(1, 1e-3)] double scale)
    {
        var random = new Random(3);
        double[] b = TestVectors.Random(random, shape);
        double[] x = TestVectors.Plus(b, [.. TestVectors.Random(random, shape, scale).Select(delta => delta * delta / scale)]);
        using var run = new MethodRun(shape, ElementType.F64, x).Add("base", ElementType.F64, b);
        double[] actual = run.Merge(Recipe("arcee_fusion", 1, ""));
        var (importance, threshold) = ReferenceSparse.Fusion(b, x, Math.Max(1, TestVectors.RowOf(shape)));
        int told = 0;
        for (int i = 0; i < b.Length; i++)
        {
            if (Math.Abs(importance[i] - threshold) < 1e-4 * threshold)
                continue;
            told++;
            Assert.That(actual[i], Is.EqualTo(importance[i] >= threshold ? x[i] : b[i]).Within(1e-7 * Math.Max(1, Math.Abs(x[i] - b[i]))), $"element {i}");
        }

        Assert.That(told, Is.GreaterThanOrEqualTo(b.Length * 0.9).Or.GreaterThanOrEqualTo(b.Length - 2));
    }

    [Test]
    public void Ram([ValueSource(nameof(Shapes))] long[] shape, [Values(1, 2, 4)] int models, [Values] bool plus)
    {
        var random = new Random(4);
        double[] b = TestVectors.Random(random, shape);
        double[][] x = [.. new int[models].Select(_ => TestVectors.Plus(b, [.. TestVectors.Random(random, shape, 0.01).Select(delta => random.Next(3) == 0 ? delta : 0)]))];
        using var run = new MethodRun(shape, ElementType.F64, x).Add("base", ElementType.F64, b);
        double[][] deltas = [.. x.Select(model => ReferenceSparse.Delta(model, b))];
        double[] actual = run.Merge(Recipe(plus ? "ramplus_tl" : "ram", models, plus ? "r: 0.5, alpha: 0.8, epsilon: 0.001" : "epsilon: 0.001"));
        TestVectors.AssertNear(actual, ReferenceSparse.Ram(b, deltas, 0.001, plus ? 0.5 : 0, 0.8), Tolerance);
    }

    [TestCase("sce", "select_topk: -1")]
    [TestCase("nearswap", "t: -0.1")]
    [TestCase("ram", "epsilon: -1")]
    public void What_cannot_be_used_is_refused(string method, string parameters)
    {
        DemException error = Assert.Throws<DemException>(() => Solving.Program(Recipe(method, 1, parameters)))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
    }

    private static string Recipe(string method, int models, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n" + string.Concat(Enumerable.Range(0, models).Select(k => $"  - model: m{k}\n"));
}
