using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>A tensor that comes out all zero from inputs that are not is noted.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ZeroTensorTests
{
    private const string Difference = """
        merge_method: linear
        models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: -1}}]
        parameters: {normalize: false}
        """;

    private ModelFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ModelFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Its_name_is_in_a_note([Values] IoMode io, [Values(ElementType.BF16, ElementType.F32, ElementType.F64)] ElementType type)
    {
        // The last tensor differs in its last tile only; the zeros that are expected say nothing.
        double Last(int i) => i == 299_999 ? 2 : 1;
        _folder
            .Model("a", Values.Tensor("lost", type, [300_000], 1), Values.Tensor("zero", type, [3], 0, -0.0), Values.Tensor("late", type, [300_000], 1), Values.Tensor("gone", type, [1], 3))
            .Model("b", Values.Tensor("lost", type, [300_000], 1), Values.Tensor("zero", type, [3], -0.0, 0), Values.Tensor("late", type, [300_000], Last), Values.Tensor("gone", type, [1], 3));
        RunReport report = _folder.Merge(Difference, options: new RunOptions { Io = io, TileBytes = 256 << 10, Threads = 2 });
        Assert.That(report.Remarks, Is.EqualTo(new[] { "2 tensors are all zero although what they are made from is not: \"gone\", \"lost\"" })
            .Or.EqualTo(new[] { "2 tensors are all zero although what they are made from is not: \"lost\", \"gone\"" }));
    }

    [Test]
    public void Numbers_below_those_of_the_type_are_lost_with_a_note()
    {
        _folder.Model("a", Values.Tensor("w", ElementType.F32, [2], 1e-6, -1e-6)).Model("b", Values.Tensor("w", ElementType.F32, [2], 1e-6, -1e-6));
        RunReport report = _folder.Merge("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\nout_dtype: float8_e4m3fn");
        Assert.That(report.Remarks, Has.One.Contains("all zero"));
        Assert.That(_folder.Bytes("out", "w"), Is.EqualTo(new byte[] { 0, 0x80 }));
    }

    [Test]
    public void A_run_that_is_resumed_says_it_again()
    {
        _folder
            .Model("a", Values.Tensor("w", ElementType.F32, [2], 1), Values.Tensor("broken", ElementType.F32, [2], double.NaN, 1))
            .Model("b", Values.Tensor("w", ElementType.F32, [2], 1), Values.Tensor("broken", ElementType.F32, [2], 1));
        Failing.With(ErrorCode.NonFiniteOutput, () => _folder.Merge(Difference));
        var resume = new RunOptions { Unfinished = UnfinishedRun.Resume, NonFinite = NonFinitePolicy.Warn };
        RunReport report = _folder.Merge(Difference, options: resume, backend: new FailingBackend(failAt: 0));
        Assert.That(report.Resumed, Is.EqualTo(2));
        Assert.That(report.Remarks, Has.One.Contains("\"w\" is all zero"));
    }
}
