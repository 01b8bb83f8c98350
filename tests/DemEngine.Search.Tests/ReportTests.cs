using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Search.Reports;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;
using DemEngine.Tests.Merging;

namespace DemEngine.Search.Tests;

public class ReportTests
{
    private DirectionFamily _family = null!;

    [SetUp]
    public void Make() => _family = new DirectionFamily();

    [TearDown]
    public void Delete() => _family.Dispose();

    [Test]
    public void A_parabola_through_points_of_one_is_that_one()
    {
        Parabola fit = Parabola.Fit([.. new[] { -2.0, -1, 0, 1, 2 }.Select(t => (t * 0.1, 3 - (4 * t * 0.1) + (5 * t * t * 0.01)))])!;
        Assert.That(fit.Value, Is.EqualTo(3).Within(1e-12));
        Assert.That(fit.Slope, Is.EqualTo(-4).Within(1e-11));
        Assert.That(fit.Curvature, Is.EqualTo(10).Within(1e-10));
        Assert.That(Parabola.Fit([(0, 1), (1, 2), (1, 3)]), Is.Null);

        // The least squares of |t| on -1, 0, 1: a + c t² with a = 0 and c = 1; with one point more they no longer meet.
        Parabola rough = Parabola.Fit([(-2, 2), (-1, 1), (0, 0), (1, 1), (2, 2)])!;
        Assert.That(rough.Curvature / 2, Is.EqualTo(3 / 7.0).Within(1e-12));
        Assert.That(rough.Value, Is.EqualTo(12 / 35.0).Within(1e-12));
    }

    [Test]
    public void Sensitivity_is_the_curvature_about_the_optimum()
    {
        var judge = new DistanceJudge(("x", [0.8, 0, 0, 0]), ("y", [0.4, 1, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math", "code"), judge);
        Trial best = search.Runner.Try(Coefficients.Of(0.6, 0.9), default);
        var told = new List<Trial>();
        var sensitivity = Sensitivity.Measure(best, search.Map, search.Runner, told.Add, default);
        Assert.That(sensitivity.Select(one => one.Dimension), Is.EqualTo(["math", "code"]));
        Assert.That(sensitivity[0].Steps.Select(step => step.Value), Is.EqualTo([0.4, 0.5, 0.6, 0.7, 0.8]).Within(1e-12));
        Assert.That(sensitivity[1].Steps.Select(step => step.Value), Is.EqualTo([0.7, 0.8, 0.9, 1]).Within(1e-12), "it stays in the range");
        Assert.That(sensitivity[0].Objective!.Curvature, Is.EqualTo(2).Within(1e-4));
        Assert.That(sensitivity[0].Objective!.Slope, Is.Zero.Within(1e-5));
        Assert.That(sensitivity[0].Sets.Select(set => set.Fit!.Slope), Is.EqualTo([-0.4, 0.4]).Within(1e-5), "each set pulls to its own side");
        Assert.That(told, Has.Count.EqualTo(9));
        Assert.That(judge.Evaluations, Is.EqualTo(8), "the optimum was known");
    }

    [Test]
    public void Conflicts_in_the_weights_stand_beside_those_in_the_metric()
    {
        // A model that goes half back on what math does, and forth along its own axis.
        _family.Folder.Model("contrary", [.. DirectionFamily.Tensors.Select(name =>
            Values.Tensor(name, ElementType.F32, [4], i => i switch { 0 => -0.5, 3 => 1, _ => 0 }))]);
        var judge = new DistanceJudge(("x", [1, 0, 0, 0]), ("y", [0, 0, 0, 1]));
        using SearchFixture search = _family.Open(_family.Recipe("math", "contrary"), judge);
        Trial best = search.Runner.Try(Coefficients.Of(0.8, 0.4), default);
        string[] models = [_family.Folder.PathOf("math"), _family.Folder.PathOf("contrary")];
        var distances = DistanceMeasurement.Run(_family.Folder.PathOf("base"), models, new AlignmentOptions(), new RunOptions(), new CpuBackend());
        var signs = SignMeasurement.Run(_family.Folder.PathOf("base"), models, new AlignmentOptions(), new RunOptions(), new CpuBackend());
        ConflictReport report = ConflictReport.Make(best, search.Map, distances, signs, search.Runner, _ => { }, default);

        Assert.That(report.Base["x"], Is.EqualTo(2).Within(1e-6));
        Assert.That(report.Alone.Select(one => one.Source), Is.EqualTo(["math", "contrary"]));
        Assert.That(report.Alone[0].Trial["x"], Is.EqualTo(1 + 0.04).Within(1e-6));
        Assert.That(report.Alone[1].Trial["y"], Is.EqualTo(1 + 0.36 + 0.04).Within(1e-6));
        SourcePair pair = report.Pairs.Single();
        Assert.That(pair.Cosine, Is.EqualTo(-0.5 / Math.Sqrt(1.25)).Within(1e-6));
        Assert.That(pair.Signs.OpposedShare, Is.EqualTo(1));
        Assert.That(pair.Together, Is.EqualTo(report.All), "there are no others");
        Assert.That(pair.Together["x"], Is.EqualTo(1 + 0.16 + 0.16).Within(1e-6), "what combining cost");
    }
}
