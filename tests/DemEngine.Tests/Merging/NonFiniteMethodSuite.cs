using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>
/// One NaN or infinity in an input, by every method, on a backend that a derived fixture names: it is refused with its counts, and shows where
/// it lies if it is asked for.
/// </summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class NonFiniteMethodSuite
{
    private const int Place = 1_234;

    private static readonly string[] Parameters = ["", "density: 0.5", "density: 0.5, rescale: false", "density: 0", "select_topk: 0.3", "filter_wise: true"];

    private static IEnumerable<object[]> Cases =>
        from method in MergeMethods.All
        from parameters in Parameters
        where parameters.Length == 0 || method.Parameters.Any(parameter => parameter.Name == parameters.Split(':')[0])
        select new object[] { method.Name, parameters };

    protected abstract IMergeBackend CreateBackend();

    /// <summary>The model that each value is put into, and the models' element type.</summary>
    protected virtual IEnumerable<(double Value, string Model, ElementType Type)> Tried(string method, string parameters) =>
        from value in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity }
        from model in new[] { "base", "a" }
        from type in new[] { ElementType.F32, ElementType.BF16 }
        select (value, model, type);

    [TestCaseSource(nameof(Cases))]
    public void It_is_refused_or_shows(string method, string parameters)
    {
        IMergeMethod merged = MergeMethods.Find(method)!;
        string recipe = Recipe(merged, parameters);
        foreach (var (value, model, type) in Tried(method, parameters))
        {
            string tried = $"{value} in {model} of {type}";
            using ModelFolder folder = new ModelFolder()
                .Model("base", Tensor(1, type, model == "base" ? value : null))
                .Model("a", Tensor(2, type, model == "a" ? value : null))
                .Model("b", Tensor(3, type, null));
            using IMergeBackend backend = CreateBackend();
            if (model == "base" && merged.Base == BaseUse.NotUsed)
            {
                Assert.That(folder.Merge(recipe, backend: backend).NonFinite, Is.Empty, $"{tried}: the base takes no part");
                continue;
            }

            if (merged.Sources.Most == 1 && merged.Base == BaseUse.NotUsed && double.IsInfinity(value))
            {
                Assert.That(folder.Merge(recipe, backend: backend).NonFinite, Is.Empty, $"{tried}: the only model's own");
                Assert.That(folder.Values("out", "w")[Place], Is.EqualTo(value), tried);
                continue;
            }

            string message = Failing.With(ErrorCode.NonFiniteOutput, () => folder.Merge(recipe, backend: backend)).Message;
            Assert.That(message, Does.Contain("(1 in the inputs)").And.Contain("\"w\""), tried);

            var asked = new RunOptions { NonFinite = NonFinitePolicy.Warn, Unfinished = UnfinishedRun.Restart };
            NonFiniteTensor counted = folder.Merge(recipe, options: asked, backend: backend).NonFinite.Single();
            Assert.That(counted.Inputs, Is.EqualTo(1), tried);
            double[] result = folder.Values("out", "w");
            Assert.That(double.IsFinite(result[Place]), Is.False, $"{tried}: {result[Place]}");
            Assert.That(counted.Outputs, Is.EqualTo(result.Count(one => !double.IsFinite(one))), tried);

            using var processor = new CpuBackend();
            folder.Merge(recipe, "by-cpu", asked, backend: processor);
            Assert.That(folder.Bytes("out", "w").AsSpan().SequenceEqual(folder.Bytes("by-cpu", "w")), $"{tried}: the processor's bytes");
        }
    }

    private static IEnumerable<string> AllMethods => MergeMethods.All.Select(method => method.Name);

    /// <summary>Some models clip activations between bounds that are stored as infinities in buffers.</summary>
    [TestCaseSource(nameof(AllMethods))]
    public void Infinities_that_all_models_share_stay(string method)
    {
        IMergeMethod merged = MergeMethods.Find(method)!;
        using var folder = new ModelFolder();
        foreach (var (model, seed) in new[] { ("base", 1), ("a", 2), ("b", 3) })
        {
            folder.Model(
                model,
                Tensor(seed, ElementType.BF16, null),
                Values.Tensor("input_max", ElementType.BF16, [], double.PositiveInfinity),
                Values.Tensor("bounds", ElementType.F32, [2], double.NegativeInfinity, double.PositiveInfinity));
        }

        using IMergeBackend backend = CreateBackend();
        string recipe = Recipe(merged, "");
        Assert.That(folder.Merge(recipe, backend: backend).NonFinite, Is.Empty);
        AssertBounds("out");

        if (merged.Base != BaseUse.Subtracted)
            return;
        folder.Extract("a", "a.vector");
        Assert.That(folder.Values("a.vector", "input_max"), Is.EqualTo(new[] { 0.0 }));
        folder.Merge(recipe.Replace("model: a", "vector: a.vector", StringComparison.Ordinal), "of-vector", backend: backend);
        AssertBounds("of-vector");

        void AssertBounds(string output)
        {
            Assert.That(folder.Values(output, "input_max"), Is.EqualTo(new[] { double.PositiveInfinity }));
            Assert.That(folder.Values(output, "bounds"), Is.EqualTo(new[] { double.NegativeInfinity, double.PositiveInfinity }));
        }
    }

    private static (TensorSpec Spec, byte[] Bytes) Tensor(int seed, ElementType type, double? value)
    {
        var random = new Random(seed);
        double[] values = [.. Enumerable.Range(0, 60 * 70).Select(_ => random.NextDouble() - 0.5)];
        values[Place] = value ?? values[Place];
        return Values.Tensor("w", type, [60, 70], values);
    }

    private static string Recipe(IMergeMethod method, string parameters)
    {
        bool Takes(string name) => method.Parameters.Any(parameter => parameter.Name == name);
        string shared = string.Join(", ", new[] { parameters, Takes("weight") ? "weight: 0.7" : "", Takes("t") ? "t: 0.25" : "" }.Where(one => one.Length > 0));
        string[] models = method.Sources.Most == 1 ? ["a"] : ["a", "b"];
        return $"merge_method: {method.Name}\nbase_model: base\nparameters: {{{shared}}}\nmodels: [{string.Join(", ", models.Select(model => $"{{model: {model}}}"))}]";
    }
}
