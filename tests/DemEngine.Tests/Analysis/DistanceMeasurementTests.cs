using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Analysis;

public sealed class DistanceMeasurementTests
{
    private static readonly long[] Two = [2];

    private AnalysisFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new AnalysisFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Distances_are_those_of_a_naive_computation()
    {
        Blob[] b = [Blob.Random("model.layers.0.a.weight", 1, 70, 1000), Blob.Random("model.layers.0.b.weight", 2, 33)];
        Blob[] x = [Blob.Random("model.layers.0.a.weight", 3, 70, 1000), Blob.Random("model.layers.0.b.weight", 4, 33)];
        Blob[] y = [Blob.Random("model.layers.0.a.weight", 5, 70, 1000), Blob.Random("model.layers.0.b.weight", 6, 33)];
        LayerDistance layer = Measure(_folder.Write("b", b), [_folder.Write("x", x), _folder.Write("y", y)]).Layers.Single();

        double[] origin = [.. b.SelectMany(blob => blob.Bf16Values()).Select(value => (double)value)];
        double[] dx = [.. x.SelectMany(blob => blob.Bf16Values()).Zip(origin, (value, o) => value - o)];
        double[] dy = [.. y.SelectMany(blob => blob.Bf16Values()).Zip(origin, (value, o) => value - o)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(layer.Name, Is.EqualTo("model.layers.0"));
            Assert.That(layer.Tensors, Is.EqualTo(2));
            Assert.That(layer.Parameters, Is.EqualTo(70_033));
            Assert.That(layer.BaseNorm, Is.EqualTo(Norm(origin)).Within(1e-7).Percent);
            Assert.That(layer.Distances[0], Is.EqualTo(Norm(dx)).Within(1e-5).Percent);
            Assert.That(layer.Distances[1], Is.EqualTo(Norm(dy)).Within(1e-5).Percent);
            Assert.That(layer.RelativeChanges[0], Is.EqualTo(Norm(dx) / Norm(origin)).Within(1e-5).Percent);
            Assert.That(layer.Cosines[0][1], Is.EqualTo(dx.Zip(dy, (p, q) => p * q).Sum() / Norm(dx) / Norm(dy)).Within(1e-7));
            Assert.That(layer.Cosines[1][0], Is.EqualTo(layer.Cosines[0][1]));
            Assert.That(layer.Cosines[0][0], Is.EqualTo(1));
        }
    }

    [Test]
    public void Threads_tiles_io_and_vector_width_do_not_show()
    {
        string b = _folder.Write("b", Blob.Random("a.weight", 1, 300_001), Blob.Random("h.0.c.weight", 2, 5), Blob.Random("h.1.c.weight", 9, 0, 4));
        string x = _folder.Write("x", Blob.Random("a.weight", 3, 300_001), Blob.Random("h.0.c.weight", 4, 5), Blob.Random("h.1.c.weight", 9, 0, 4));
        string y = _folder.Write("y", Blob.Random("h.1.c.weight", 9, 0, 4), Blob.Random("h.0.c.weight", 8, 5), Blob.Random("a.weight", 5, 300_001));
        string expected = DistanceCsv.Write(Measure(b, [x, y]));
        foreach (int threads in new[] { 1, 3, 16 })
        {
            foreach (int tile in new[] { 256 << 10, 1 << 20 })
            {
                foreach (IoMode io in Enum.GetValues<IoMode>())
                {
                    foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
                    {
                        var options = new RunOptions { Threads = threads, TileBytes = tile, Io = io };
                        Assert.That(DistanceCsv.Write(Measure(b, [x, y], options: options, width: width)), Is.EqualTo(expected));
                    }
                }
            }
        }
    }

    [Test]
    public void A_stored_vector_has_the_distance_of_its_model()
    {
        string b = _folder.Write("b", Blob.Random("h.0.w", 1, 9000), Blob.Of("ids", ElementType.I64, Two, 1L, 2L));
        string x = _folder.Write("x", Blob.Random("h.0.w", 2, 9000), Blob.Of("ids", ElementType.I64, Two, 1L, 3L));
        string y = _folder.Write("y", Blob.Random("h.0.w", 3, 9000), Blob.Of("ids", ElementType.I64, Two, 1L, 2L));
        using (Checkpoint origin = Checkpoint.Open(b), tuned = Checkpoint.Open(x))
        {
            using var backend = new CpuBackend();
            OutputRun.Execute(ExtractPlanner.Plan(origin, tuned, ElementType.F32, new AlignmentOptions()), _folder["dx"], backend, new RunOptions());
        }

        LayerDistances direct = Measure(b, [x, y]);
        LayerDistances stored = Measure(b, [_folder["dx"], y]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.Whole.Distances, Is.EqualTo(direct.Whole.Distances));
            Assert.That(stored.Whole.Cosines[0], Is.EqualTo(direct.Whole.Cosines[0]));
            Assert.That(stored.Models.Select(model => model.IsVector), Is.EqualTo([true, false]));
            Assert.That(stored.IgnoredTensors, Is.EqualTo(1));
        }

        Assert.That(() => Measure(y, [_folder["dx"]]), ThrowsCode(ErrorCode.WrongBase));
        Assert.That(() => Measure(_folder["dx"], [y]), ThrowsCode(ErrorCode.BadArgument));
    }

    [Test]
    public void What_a_model_lacks_counts_as_unchanged()
    {
        string b = _folder.Write("b", Blob.Random("embed_tokens.weight", 1, 1000, 7), Blob.F32("h.0.w", 3, 4));
        Blob rows = Blob.Random("embed_tokens.weight", 2, 900, 7);
        string x = _folder.Write("x", rows);
        string y = _folder.Write("y", Blob.Random("embed_tokens.weight", 3, 1000, 7), Blob.F32("h.0.w", 3, 5), Blob.F32("more", 1));
        Assert.That(() => Measure(b, [x, y]), ThrowsCode(ErrorCode.MissingTensor));

        var alignment = new AlignmentOptions { Missing = MissingTensors.Base, Extra = ExtraTensors.Ignore, Vocabulary = VocabularyPolicy.Base };
        LayerDistances distances = Measure(b, [x, y], alignment);
        LayerDistances common = Measure(b, [x, y], alignment with { Vocabulary = VocabularyPolicy.Common });
        double[] origin = [.. Blob.Random("", 1, 1000, 7).Bf16Values().Select(value => (double)value)];
        double expected = Norm([.. rows.Bf16Values().Zip(origin, (value, o) => value - o)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(distances.Layers.Select(layer => layer.Name), Is.EqualTo(["embed_tokens", "h.0"]));
            Assert.That(distances.Layers[0].Distances[0], Is.EqualTo(expected).Within(1e-5).Percent);
            Assert.That(distances.Layers[0].BaseNorm, Is.EqualTo(Norm(origin)).Within(1e-7).Percent);
            Assert.That(distances.Layers[1].Distances, Is.EqualTo([0.0, 1.0]));
            Assert.That(distances.Layers[1].BaseNorm, Is.EqualTo(5));
            Assert.That(distances.Layers[1].Cosines[0][1], Is.NaN);
            Assert.That(common.Layers[0].Distances[0], Is.EqualTo(expected).Within(1e-5).Percent);
            Assert.That(common.Layers[0].BaseNorm, Is.EqualTo(Norm(origin[..6300])).Within(1e-7).Percent);
        }
    }

    [Test]
    public void The_largest_layer_of_each_model_is_one()
    {
        string b = _folder.Write("b", Blob.F32("h.0.w", 0, 0), Blob.F32("h.1.w", 0, 0));
        LayerDistances distances = Measure(b, [_folder.Write("x", Blob.F32("h.0.w", 3, 4), Blob.F32("h.1.w", 0, 1)), b]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(distances.Normalised(0, 0), Is.EqualTo(1));
            Assert.That(distances.Normalised(1, 0), Is.EqualTo(0.2));
            Assert.That(distances.Normalised(0, 1), Is.Zero);
            Assert.That(distances.Layers[0].RelativeChanges[0], Is.EqualTo(double.PositiveInfinity));
            Assert.That(distances.Models.Select(model => model.Label), Is.EqualTo(["x", "b"]));
        }
    }

    [Test]
    public void Tensors_with_NaN_are_named()
    {
        string b = _folder.Write("b", Blob.F32("h.0.w", 1, 2), Blob.F32("h.1.w", 1, 2));
        LayerDistances distances = Measure(b, [_folder.Write("x", Blob.F32("h.0.w", 1, float.NaN), Blob.F32("h.1.w", 1, 3))]);
        Assert.That(distances.NonFiniteTensors, Is.EqualTo(["h.0.w"]));
        Assert.That(distances.Normalised(1, 0), Is.EqualTo(1));
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));

    private static NUnit.Framework.Constraints.IResolveConstraint ThrowsCode(ErrorCode code) =>
        Throws.InstanceOf<DemException>().With.Property(nameof(DemException.Code)).SameAs(code);

    private static LayerDistances Measure(
        string baseModel, string[] models, AlignmentOptions? alignment = null, RunOptions? options = null, VectorWidth? width = null)
    {
        using var backend = new CpuBackend(width ?? VectorWidths.Best);
        return DistanceMeasurement.Run(baseModel, models, alignment ?? new AlignmentOptions(), options ?? new RunOptions(), backend);
    }
}
