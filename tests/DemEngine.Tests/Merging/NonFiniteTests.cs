using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Infinities and NaNs: counted, named, and published only when asked.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class NonFiniteTests
{
    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        out_dtype: float16
        """;

    private ModelFolder _folder = null!;

    [SetUp]
    public void WriteModels() => _folder = new ModelFolder()
        .Model(
            "base",
            Values.Tensor("fine", ElementType.F32, [3], 1, 2, 3),
            Values.Tensor("broken", ElementType.F32, [4], 1, double.NegativeInfinity, 3, double.NaN),
            Values.Tensor("large", ElementType.F32, [2], 60000, 1))
        .Model(
            "a",
            Values.Tensor("fine", ElementType.F32, [3], 1, 2, 3),
            Values.Tensor("broken", ElementType.F32, [4], double.NaN, double.NegativeInfinity, 3, 4),
            Values.Tensor("large", ElementType.F32, [2], 80000, 1));

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void They_are_published_and_counted_when_asked()
    {
        RunReport report = _folder.Merge(Recipe, options: new RunOptions { NonFinite = NonFinitePolicy.Warn });
        Assert.That(report.NonFinite, Is.EquivalentTo(new[] { new NonFiniteTensor("broken", 2, 2), new NonFiniteTensor("large", 0, 1) }));
        AssertManifest();
    }

    /// <summary>Where all models are infinite, a stored difference is 0, and no input that is not finite.</summary>
    [Test]
    public void Beside_shared_infinities_only_the_other_inputs_are_counted()
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Tensor("t", ElementType.F32, [2], double.PositiveInfinity, 1))
            .Model("a", Values.Tensor("t", ElementType.F32, [2], double.PositiveInfinity, 2))
            .Model("b", Values.Tensor("t", ElementType.F32, [2], double.PositiveInfinity, double.NaN));
        folder.Extract("a", "v");
        RunReport report = folder.Merge(
            "merge_method: dem\nbase_model: base\nmodels: [{vector: v}, {model: b}]\nparameters: {weight: 0.5}",
            options: new RunOptions { NonFinite = NonFinitePolicy.Warn });
        Assert.That(report.NonFinite, Is.EqualTo(new[] { new NonFiniteTensor("t", 1, 1) }));
    }

    [Test]
    public void Otherwise_nothing_is_published_and_the_work_is_kept()
    {
        string message = Failing.With(ErrorCode.NonFiniteOutput, () => _folder.Merge(Recipe)).Message;
        Assert.That(message, Does.Contain("broken").And.Contain("large").And.Not.Contain("fine"));
        Assert.That(_folder.Names, Is.EqualTo(new[] { ".out.dem-unfinished", "a", "base" }));

        var idle = new FailingBackend(failAt: 0);
        var resume = new RunOptions { Unfinished = UnfinishedRun.Resume };
        Failing.With(ErrorCode.NonFiniteOutput, () => _folder.Merge(Recipe, options: resume, backend: idle));
        RunReport report = _folder.Merge(Recipe, options: resume with { NonFinite = NonFinitePolicy.Warn }, backend: idle);
        Assert.That(report.Resumed, Is.EqualTo(3));
        Assert.That(report.NonFinite, Has.Count.EqualTo(2));
        AssertManifest();
    }

    [Test]
    public void An_existing_output_stays()
    {
        _folder.Merge(Recipe.Replace("float16", "float32", StringComparison.Ordinal), options: new RunOptions { NonFinite = NonFinitePolicy.Warn });
        SortedDictionary<string, byte[]> before = _folder.Files("out");
        Failing.With(ErrorCode.NonFiniteOutput, () => _folder.Merge(Recipe, options: new RunOptions { Overwrite = true }));
        Assert.That(_folder.Files("out"), Is.EqualTo(before));
    }

    private void AssertManifest()
    {
        var tensors = Manifest.Read(_folder.PathOf("out")).Tensors.ToDictionary(tensor => tensor.Name, tensor => (tensor.NonFiniteInputs, tensor.NonFiniteOutputs));
        Assert.That(tensors["fine"], Is.EqualTo((0L, 0L)));
        Assert.That(tensors["broken"], Is.EqualTo((2L, 2L)));
        Assert.That(tensors["large"], Is.EqualTo((0L, 1L)));
    }
}
