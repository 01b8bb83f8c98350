using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Methods;

/// <summary>The methods that follow from the Gram matrix, from files to the result, against the same on the vectors themselves.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GeometryTests
{
    // Coefficients are rounded to binary32.
    private const double Tolerance = 3e-7;

    private static IEnumerable<long[]> Shapes => TestVectors.Shapes;

    /// <summary>How the models lie to each other.</summary>
    public enum Kind
    {
        Random,
        SameSize,
        Equal,
        OneZero,
        AllZero,
        Opposite,
        Tiny,
    }

    [Test]
    public void NuSlerp([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind, [Values] bool flatten)
    {
        var random = new Random(1);
        double[][] x = Vectors(random, shape, kind, 2);
        using var run = new MethodRun(shape, ElementType.F64, x);
        double[] actual = run.Merge(Recipe("nuslerp", [0.9, 0.4], $"nuslerp_flatten: {(flatten ? "true" : "false")}"));
        double[] Merge(double[][] v) => ReferenceGeometry.Slerp(0.4 / 1.3, v[0], v[1], 1 - 1e-12);
        TestVectors.AssertNear(actual, flatten ? Merge(x) : TestVectors.ByRow(TestVectors.RowOf(shape), x, Merge), Tolerance);
    }

    [Test]
    public void NuSlerp_by_column([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind, [Values] bool relative)
    {
        // Of very many columns of two numbers some lie so nearly opposite that no precision would do.
        shape = shape is [2, _] ? [40, 103] : shape;
        var random = new Random(4);
        double[] b = relative ? TestVectors.Random(random, shape) : TestVectors.Times(0, TestVectors.Random(random, shape));
        double[][] deltas = [.. Vectors(random, shape, kind, 2).Select(x => TestVectors.Times(relative ? 0.01 : 1, x))];
        using var run = new MethodRun(shape, ElementType.F64, [.. deltas.Select(delta => TestVectors.Plus(b, delta))]);
        run.Add("base", ElementType.F64, b);
        double[] actual = run.Merge((relative ? "base_model: base\n" : "")
            + Recipe("nuslerp", [0.9, 0.4], "nuslerp_flatten: false, nuslerp_row_wise: true"));
        double[] sum = TestVectors.ByColumn(shape, deltas, v => ReferenceGeometry.Slerp(0.4 / 1.3, v[0], v[1], 1 - 1e-12));
        TestVectors.AssertNear(actual, TestVectors.Plus(b, sum), Tolerance);
    }

    [Test]
    public void NuSlerp_of_differences([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind, [Values] bool flatten)
    {
        var random = new Random(2);
        double[] b = TestVectors.Random(random, shape);
        double[][] deltas = [.. Vectors(random, shape, kind, 2).Select(x => TestVectors.Times(0.01, x))];
        using var run = new MethodRun(shape, ElementType.F64, [.. deltas.Select(delta => TestVectors.Plus(b, delta))]);
        run.Add("base", ElementType.F64, b);
        double[] actual = run.Merge("base_model: base\n" + Recipe("nuslerp", [0.9, 0.4], $"nuslerp_flatten: {(flatten ? "true" : "false")}"));
        double[] Merge(double[][] v) => ReferenceGeometry.Slerp(0.4 / 1.3, v[0], v[1], 1 - 1e-12);
        double[] sum = flatten ? Merge(deltas) : TestVectors.ByRow(TestVectors.RowOf(shape), deltas, Merge);
        TestVectors.AssertNear(actual, TestVectors.Plus(b, sum), Tolerance);
    }

    [Test]
    public void MultiSlerp([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind, [Values(1, 2, 4)] int models, [Values] bool relative)
    {
        var random = new Random(3);
        double[] weights = [.. Enumerable.Range(0, models).Select(k => 0.3 + (0.2 * k))];
        double[][] x = Vectors(random, shape, kind, models);
        double[] b = relative ? TestVectors.Random(random, shape) : TestVectors.Times(0, x[0]);
        using var run = new MethodRun(shape, ElementType.F64, [.. x.Select(delta => TestVectors.Plus(b, delta))]);
        run.Add("base", ElementType.F64, b);
        double[] expected = ReferenceGeometry.MultiSlerp([.. weights.Select(weight => weight / weights.Sum())], x);
        double[] actual = run.Merge((relative ? "base_model: base\n" : "") + Recipe("multislerp", weights));
        TestVectors.AssertNear(actual, TestVectors.Plus(b, expected), Tolerance);
    }

    [Test]
    public void MultiSlerp_with_weights_as_they_are()
    {
        double[][] x = Vectors(new Random(4), [50], Kind.Random, 3);
        using var run = new MethodRun([50], ElementType.F64, x);
        double[] actual = run.Merge(Recipe("multislerp", [0.5, 0.25, 0.75], "normalize_weights: false"));
        TestVectors.AssertNear(actual, ReferenceGeometry.MultiSlerp([0.5, 0.25, 0.75], x), Tolerance);
    }

    [Test]
    public void Karcher([ValueSource(nameof(Shapes))] long[] shape, [Values(Kind.Random, Kind.SameSize, Kind.Equal, Kind.OneZero, Kind.AllZero, Kind.Tiny)] Kind kind, [Values(1, 2, 5)] int models)
    {
        double[][] x = Vectors(new Random(5), shape, kind, models);
        double[] weights = [.. Enumerable.Range(0, models).Select(k => 1.0 + (k % 2))];
        if (TestVectors.Count(shape) < 3 && kind is Kind.Random or Kind.SameSize or Kind.Tiny)
            x = [.. x.Select(values => values.Select(Math.Abs).ToArray())];
        using var run = new MethodRun(shape, ElementType.F64, x);
        double[] actual = run.Merge(Recipe("karcher", weights, "max_iter: 2000, tol: 1.0e-13"));
        TestVectors.AssertNear(actual, ReferenceGeometry.Karcher(weights, x), 1e-6);
    }

    [Test]
    public void Karcher_leaves_no_arc_to_go([Values(2, 3, 8)] int models)
    {
        double[][] x = Vectors(new Random(models), [300], Kind.Random, models);
        double[] weights = [.. Enumerable.Range(0, models).Select(k => 0.5 + k)];
        using var run = new MethodRun([300], ElementType.F64, x);
        Assert.That(ReferenceGeometry.KarcherGradient(run.Merge(Recipe("karcher", weights, "tol: 1.0e-8, max_iter: 100")), weights, x), Is.LessThan(1e-6));
        Assert.That(
            ReferenceGeometry.KarcherGradient(run.Merge(Recipe("karcher", weights, "max_iter: 0")), weights, x),
            models == 2 ? Is.LessThan(0.5) : Is.GreaterThan(1e-5));
    }

    [Test]
    public void ModelStock([ValueSource(nameof(Shapes))] long[] shape, [Values(Kind.Random, Kind.Equal, Kind.OneZero, Kind.AllZero, Kind.Tiny)] Kind kind, [Values(2, 3)] int models, [Values] bool byFilter)
    {
        var random = new Random(6);
        double[] b = TestVectors.Random(random, shape);
        double[] common = TestVectors.Random(random, shape, 0.02);

        // With a part in common, without which the mean cosine of a short row can be −1/(N − 1).
        double[][] x = [.. Vectors(random, shape, kind, models).Select(delta =>
            TestVectors.Plus(b, TestVectors.Plus(TestVectors.Times(kind is Kind.Random or Kind.Tiny ? 1 : 0, common), TestVectors.Times(0.01, delta))))];
        using var run = new MethodRun(shape, ElementType.F64, x);
        run.Add("base", ElementType.F64, b);
        string parameters = byFilter ? "filter_wise: true" : "filter_wise: false";
        double[] actual = run.Merge("base_model: base\n" + Recipe("model_stock", null, parameters, models));
        double[] Merge(double[][] v) => ReferenceGeometry.ModelStock(v[0], v[1..]);
        double[] expected = byFilter ? TestVectors.ByRow(TestVectors.RowOf(shape), [b, .. x], Merge) : Merge([b, .. x]);
        TestVectors.AssertNear(actual, expected, 1e-6);
    }

    [Test]
    public void ModelStock_of_models_that_cancel_stays_at_the_base()
    {
        using var run = new MethodRun([2], ElementType.F64, [1.5, 1], [0.5, 1]);
        run.Add("base", ElementType.F64, [1, 1]);
        Assert.That(run.Merge("base_model: base\n" + Recipe("model_stock", null, "filter_wise: false", 2)), Is.EqualTo(new[] { 1.0, 1 }));
    }

    private static double[][] Vectors(Random random, long[] shape, Kind kind, int count)
    {
        double[] first = TestVectors.Random(random, shape);
        return [.. Enumerable.Range(0, count).Select(k => kind switch
        {
            Kind.Equal => first,
            Kind.OneZero => TestVectors.Times(k == 0 ? 0 : 1, first),
            Kind.AllZero => TestVectors.Times(0, first),
            Kind.Opposite => TestVectors.Times(k % 2 == 0 ? 1 : -1, first),
            Kind.SameSize => [.. first.Select((value, i) => random.Next(2) == 0 ? 0.5 : -0.5)],
            Kind.Tiny => TestVectors.Random(random, shape, 1e-12),
            _ => TestVectors.Random(random, shape),
        })];
    }

    private static string Recipe(string method, double[]? weights, string parameters = "", int models = 0) =>
        $"merge_method: {method}\nparameters: {{{parameters}}}\nmodels:\n"
        + string.Concat(Enumerable.Range(0, weights?.Length ?? models).Select(k =>
            $"  - {{model: m{k}{(weights is null ? "" : $", parameters: {{weight: {weights[k]:R}}}")}}}\n"));
}
