using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

/// <summary>The methods that thin out differences, from files to the result, against the same by sorting in binary64.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SparseMethodTests
{
    // Weights are rounded to binary32.
    private const double Tolerance = 3e-7;

    private static readonly double[] Weights = [0.75, 0.5, -0.25];
    private static readonly double[] Densities = [0, 0.003, 0.2, 0.5, 0.999, 1];

    private static IEnumerable<long[]> Shapes => TestVectors.Shapes;

    /// <summary>What the differences are like.</summary>
    public enum Kind
    {
        Random,
        MostlyZero,
        EqualMagnitudes,
        FewMagnitudes,
        AllZero,
        Tiny,
    }

    [Test]
    public void Ties([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "ties", density =>
        (deltas => [.. deltas.Select(delta => ReferenceSparse.Largest(delta, density))], new Definition(true, true, false)));

    [Test]
    public void Breadcrumbs([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "breadcrumbs", density =>
        (deltas => [.. deltas.Select(delta => ReferenceSparse.Middle(delta, density, 0.01))], new Definition(false, false, false)));

    [Test]
    public void Breadcrumbs_ties([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "breadcrumbs_ties", density =>
        (deltas => [.. deltas.Select(delta => ReferenceSparse.Middle(delta, density, 0.2))], new Definition(true, false, false, "gamma: 0.2")));

    [Test]
    public void Dare_linear([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "dare_linear", density =>
        (deltas => [.. deltas.Select((delta, k) => ReferenceSparse.Random(delta, density, MethodRun.Tensor, k, 0))], new Definition(false, false, true)));

    [Test]
    public void Dare_ties([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "dare_ties", density =>
        (deltas => [.. deltas.Select((delta, k) => ReferenceSparse.Random(delta, density, MethodRun.Tensor, k, 77))], new Definition(true, false, true, "seed: 77")));

    [Test]
    public void Della([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "della", density =>
        (deltas => Ranked(deltas, shape, density, 0.15, isUnbiased: false), new Definition(true, true, true)), 0, 0.2, 0.5, 1);

    [Test]
    public void Della_linear_by_expectation([ValueSource(nameof(Shapes))] long[] shape, [Values] Kind kind) => ForEachDensity(shape, kind, "della_linear", density =>
        (deltas => Ranked(deltas, shape, density, 0.05, isUnbiased: true), new Definition(false, false, false, "epsilon: 0.05, rescale: expectation")), 0.1, 0.6, 1);

    [Test]
    public void Each_default_can_be_turned([Values("ties", "dare_linear", "breadcrumbs")] string method, [Values] bool normalize, [Values] bool rescale, [Values(1, -0.5)] double lambda)
    {
        ForEachDensity([40, 9], Kind.Random, method, density =>
            (deltas => [.. deltas.Select((delta, k) => method switch
            {
                "ties" => ReferenceSparse.Largest(delta, density),
                "breadcrumbs" => ReferenceSparse.Middle(delta, density, 0.01),
                _ => ReferenceSparse.Random(delta, density, MethodRun.Tensor, k, 0),
            })],
            new Definition(method == "ties", normalize, rescale, $"normalize: {Word(normalize)}, rescale: {Word(rescale)}, lambda: {lambda}", lambda)));
    }

    /// <summary>Sums of decimals that are 0 go by the rule for 0, +1, although binary fractions would leave a remainder.</summary>
    [TestCase("0.6, 0.3, 0.5", 1, -2, 0, 1)]
    [TestCase("0.1, 0.3, 1", 3, -1, 0, 3)]
    [TestCase("0.7, 0.1, 0.2", -1, 3, 2, 7.0 / 3)]
    [TestCase("1e-9, 3e-9, 1", -3, 1, 0, 1)]
    public void A_vote_that_vanishes_in_decimals_is_for_plus(string weights, double first, double second, double third, double expected)
    {
        string[] written = weights.Split(", ");
        double[] b = [0, 0];
        using var run = new MethodRun([2], ElementType.F32, [first, 1], [second, 1], [third, 1]);
        run.Add("base", ElementType.F32, b);
        double[] actual = run.Merge(Head("ties", "") + string.Concat(written.Select((weight, k) =>
            $"  - {{model: m{k}, parameters: {{weight: {weight}, density: 1}}}}\n")));
        Assert.That(actual[0], Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void Each_source_has_its_own_density()
    {
        var random = new Random(3);
        double[] b = TestVectors.Random(random, [100]);
        double[][] x = [.. Weights.Select(_ => TestVectors.Plus(b, TestVectors.Random(random, [100], 0.01)))];
        using var run = new MethodRun([100], ElementType.F64, x).Add("base", ElementType.F64, b);
        double[] densities = [1, 0.3, 0];
        double[] actual = run.Merge(Head("ties", "") + string.Concat(Weights.Select((weight, k) => $"  - {{model: m{k}, parameters: {{weight: {weight}, density: {densities[k]}}}}}\n")));
        double[][] deltas = [.. x.Select(model => ReferenceSparse.Delta(model, b))];
        double[][] kept = [.. deltas.Select((delta, k) => ReferenceSparse.Largest(delta, densities[k]))];
        TestVectors.AssertNear(actual, ReferenceSparse.Merge(b, deltas, kept, Weights, 1, true, true, false), Tolerance);
    }

    /// <summary>mergekit keeps nothing at all where the share of outliers comes to no whole element.</summary>
    [Test]
    public void Breadcrumbs_without_outliers_keeps_the_largest()
    {
        using var run = new MethodRun([4], ElementType.F64, [3, 1, 2, 0]).Add("base", ElementType.F64, [0, 0, 0, 0]);
        Assert.That(run.Merge(Head("breadcrumbs", "density: 0.5") + "  - {model: m0, parameters: {weight: 1}}"), Is.EqualTo(new[] { 3.0, 0, 2, 0 }));
    }

    [Test]
    public void Without_consensus_a_density_of_1_is_task_arithmetic([Values("dare_linear", "breadcrumbs", "della_linear")] string method)
    {
        var random = new Random(4);
        double[] b = TestVectors.Random(random, [5000]);
        using var run = new MethodRun([5000], ElementType.BF16, [.. Weights.Select(_ => TestVectors.Plus(b, TestVectors.Random(random, [5000], 0.3)))]);
        run.Add("base", ElementType.BF16, b);
        string models = string.Concat(Weights.Select((weight, k) => $"  - {{model: m{k}, parameters: {{weight: {weight}}}}}\n"));
        Assert.That(run.Bytes(Head(method, "lambda: 0.3") + models), Is.EqualTo(run.Bytes(Head("task_arithmetic", "lambda: 0.3") + models)));
    }

    [Test]
    public void Keep_rates_are_the_densities([Values("dare_linear", "della_linear")] string method, [Values(0.2, 0.5, 0.7)] double density)
    {
        var random = new Random(5);
        double[] x = TestVectors.Random(random, [50, 1000]);
        using var run = new MethodRun([50, 1000], ElementType.F64, x).Add("base", ElementType.F64, new double[x.Length]);
        string Recipe(string rescale) => Head(method, $"density: {density}, rescale: {rescale}") + "  - {model: m0, parameters: {weight: 1}}";

        double[] thinned = run.Merge(Recipe("false"));
        double deviation = Math.Sqrt(density * (1 - density) / x.Length);
        Assert.That(thinned.Count(value => value != 0) / (double)x.Length, Is.EqualTo(density).Within(5 * deviation));
        Assert.That(thinned.Zip(x, (value, original) => value == 0 || value == (float)original), Is.All.True);

        double norm = x.Sum(Math.Abs);
        Assert.That(run.Merge(Recipe("true")).Sum(Math.Abs), Is.EqualTo(norm).Within(1e-6 * norm));
        Assert.That(run.Merge(Recipe("expectation")).Sum(Math.Abs), Is.EqualTo(norm).Within(6 * norm * deviation / density));
    }

    [Test]
    public void Della_keeps_larger_differences_oftener()
    {
        double[] x = [.. Enumerable.Range(0, 100 * 200).Select(i => 1.0 + (i % 200))];
        using var run = new MethodRun([100, 200], ElementType.F64, x).Add("base", ElementType.F64, new double[x.Length]);
        double[] thinned = run.Merge(Head("della_linear", "density: 0.5, epsilon: 0.4, rescale: false") + "  - {model: m0, parameters: {weight: 1}}");
        double Rate(int from) => thinned.Where((value, i) => i % 200 >= from && i % 200 < from + 50 && value != 0).Count() / 5000.0;
        Assert.That(new[] { Rate(0), Rate(50), Rate(100), Rate(150) }, Is.EqualTo(new[] { 0.2, 0.4, 0.6, 0.8 }).Within(0.03));
    }

    [Test]
    public void Draws_differ_by_seed_source_and_tensor()
    {
        using var run = new MethodRun([4000], ElementType.F64, Ones(4000), Ones(4000)).Add("base", ElementType.F64, new double[4000]);
        double[] Merge(string parameters, int model) =>
            run.Merge(Head("dare_linear", "density: 0.5, rescale: false, " + parameters) + $"  - {{model: m0, parameters: {{weight: {1 - model}}}}}\n  - {{model: m1, parameters: {{weight: {model}}}}}");
        double[] first = Merge("seed: 1", 0);
        Assert.That(Merge("seed: 1", 0), Is.EqualTo(first));
        Assert.That(first.Zip(Merge("seed: 2", 0), (a, c) => a == c ? 1 : 0).Sum(), Is.EqualTo(2000).Within(200));
        Assert.That(first.Zip(Merge("seed: 1", 1), (a, c) => a == c ? 1 : 0).Sum(), Is.EqualTo(2000).Within(200));
    }

    [Test]
    public void A_vector_is_as_good_as_its_model([Values("ties", "dare_ties", "della", "breadcrumbs_ties", "sce", "ram", "arcee_fusion", "nearswap", "model_stock")] string method)
    {
        var random = new Random(6);
        double[] b = TestVectors.Random(random, [30, 70]);
        bool isAlone = method is "arcee_fusion" or "nearswap";
        using var run = new MethodRun([30, 70], ElementType.BF16, [.. new int[2].Select(_ => TestVectors.Plus(b, TestVectors.Random(random, [30, 70], 0.1)))]);
        run.Add("base", ElementType.BF16, b).Extract("m0", "v0");
        string parameters = method switch
        {
            "sce" => "select_topk: 0.4",
            "ram" => "epsilon: 0.01",
            "nearswap" => "t: 0.01",
            "arcee_fusion" or "model_stock" => "",
            _ => "weight: 0.5, density: 0.4",
        };
        string other = isAlone ? "" : "  - {model: m1}\n";
        Assert.That(
            run.Bytes(Head(method, parameters) + "  - {vector: v0}\n" + other),
            Is.EqualTo(run.Bytes(Head(method, parameters) + "  - {model: m0}\n" + other)));
    }

    [TestCase("ties", "density: -0.1", "density")]
    [TestCase("ties", "rescale: expectation", "expectation")]
    [TestCase("dare_ties", "rescale: l2", "l2")]
    [TestCase("della", "density: 0.9", "epsilon")]
    [TestCase("della", "density: 0.1", "epsilon")]
    [TestCase("breadcrumbs", "density: 0.5, gamma: 1.5", "gamma")]
    [TestCase("ties", "scope: layers", "layers")]
    public void What_cannot_be_used_is_refused(string method, string parameters, string named)
    {
        DemException error = Assert.Throws<DemException>(() => Solving.Program(Head(method, parameters) + "  - {model: m0, parameters: {weight: 1}}"))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
        Assert.That(error.Message, Does.Contain(named).And.Match("^r.yaml:3"));
    }

    [Test]
    public void Mergekits_int8_mask_is_no_error() =>
        Assert.That(() => Solving.Program(Head("ties", "int8_mask: true") + "  - {model: m0, parameters: {weight: 1}}"), Throws.Nothing);

    private static double[] Ones(int count) => [.. Enumerable.Repeat(1.0, count)];

    private static string Word(bool flag) => flag ? "true" : "false";

    private static string Head(string method, string parameters) => $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n";

    private static double[][] Ranked(double[][] deltas, long[] shape, double density, double epsilon, bool isUnbiased) =>
        [.. deltas.Select((delta, k) => ReferenceSparse.Ranked(delta, Math.Max(1, TestVectors.RowOf(shape)), density, epsilon, MethodRun.Tensor, k, 0, isUnbiased, distance =>
            Assert.That(distance, Is.GreaterThan(1e-8).Or.Zero, "too near to tell")))];

    private static void ForEachDensity(
        long[] shape, Kind kind, string method, Func<double, (Func<double[][], double[][]> Thin, Definition Definition)> define, params double[] densities)
    {
        var random = new Random(7);
        double[] b = TestVectors.Random(random, shape);
        double[][] x = [.. Weights.Select(_ => TestVectors.Plus(b, Deltas(random, shape, kind)))];
        using var run = new MethodRun(shape, ElementType.F64, x).Add("base", ElementType.F64, b);
        string models = string.Concat(Weights.Select((weight, k) => $"  - {{model: m{k}, parameters: {{weight: {weight}}}}}\n"));
        foreach (double density in densities.Length > 0 ? densities : Densities)
        {
            var (thin, definition) = define(density);
            double[][] deltas = [.. x.Select(model => ReferenceSparse.Delta(model, b))];
            double[] expected = ReferenceSparse.Merge(
                b, deltas, thin(deltas), Weights, definition.Lambda, definition.HasConsensus, definition.Normalizes, definition.Rescales);
            string comma = definition.Parameters.Length > 0 ? ", " : "";
            double[] actual = run.Merge(Head(method, $"density: {density}{comma}{definition.Parameters}") + models);
            TestVectors.AssertNear(actual, expected, Tolerance, $"density {density}");
        }
    }

    private static double[] Deltas(Random random, long[] shape, Kind kind)
    {
        double[] noise = TestVectors.Random(random, shape, 0.01);
        return kind switch
        {
            Kind.MostlyZero => [.. noise.Select(value => random.Next(5) == 0 ? value : 0)],
            Kind.EqualMagnitudes => [.. noise.Select(value => Math.CopySign(1 / 64.0, value))],
            Kind.FewMagnitudes => [.. noise.Select(value => Math.Round(value * 256) / 256)],
            Kind.AllZero => TestVectors.Times(0, noise),
            Kind.Tiny => TestVectors.Times(1e-12, noise),
            _ => noise,
        };
    }

    private sealed record Definition(bool HasConsensus, bool Normalizes, bool Rescales, string Parameters = "", double Lambda = 1);
}
