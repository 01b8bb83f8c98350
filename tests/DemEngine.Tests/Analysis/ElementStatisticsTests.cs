using DemEngine.Analysis.Elements;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Tests.Analysis;

public sealed class ElementStatisticsTests
{
    private AnalysisFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new AnalysisFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void They_are_those_of_a_plain_loop([Values(1, 5, 4096, 100_003)] int elements)
    {
        Blob blob = Blob.Random("t", 7, elements);
        float[] values = blob.Bf16Values();
        ElementStatistics measured = Measure(new RunOptions(), blob).Single()!.Value;
        double mean = values.Average(value => (double)value);
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(measured.Elements, Is.EqualTo(elements));
            Assert.That(measured.Min, Is.EqualTo(values.Min()));
            Assert.That(measured.Max, Is.EqualTo(values.Max()));
            Assert.That(measured.Largest, Is.EqualTo(values.Max(Math.Abs)));
            Assert.That(measured.Mean, Is.EqualTo(mean).Within(1e-12));
            Assert.That(measured.Deviation, Is.EqualTo(deviation).Within(1e-12));
            Assert.That(measured.Zeros, Is.EqualTo(values.Count(value => value == 0)));
        }
    }

    [Test]
    public void Threads_tiles_and_the_way_of_reading_change_no_bit([Values] IoMode io, [Values(1, 3)] int threads, [Values(256 << 10, 1 << 20)] int tile)
    {
        Blob[] blobs = [Blob.Random("a", 1, 700, 1000), Blob.Random("b", 2, 33), Blob.F32("c", 1, 2, 3)];
        Assert.That(
            Measure(new RunOptions { Io = io, Threads = threads, TileBytes = tile }, blobs),
            Is.EqualTo(Measure(new RunOptions { Threads = 2 }, blobs)));
    }

    [Test]
    public void Infinities_and_NaNs_are_counted_and_in_nothing_else()
    {
        ElementStatistics measured = Measure(
            new RunOptions(),
            Blob.F32("t", 1, float.NaN, float.PositiveInfinity, -3, 0, -0f, float.NegativeInfinity)).Single()!.Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((measured.Elements, measured.NaNs, measured.Infinities, measured.Zeros), Is.EqualTo((7L, 1L, 2L, 2L)));
            Assert.That((measured.Min, measured.Max, measured.Mean), Is.EqualTo((-3d, 1d, -0.5)));
            Assert.That(measured.Deviation, Is.EqualTo(1.5));
        }
    }

    [Test]
    public void Nothing_finite_has_no_deviation_and_integers_have_no_statistics()
    {
        var measured = Measure(
            new RunOptions(),
            Blob.F32("nan", float.NaN, float.NaN),
            Blob.F32("none"),
            Blob.Of("whole", ElementType.I32, [2], 1, 2));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(measured[0]!.Value.Finite, Is.Zero);
            Assert.That(measured[0]!.Value.Deviation, Is.Zero);
            Assert.That(measured[1], Is.EqualTo(ElementStatistics.None));
            Assert.That(measured[2], Is.Null);
        }
    }

    [Test]
    public void Parts_together_are_the_whole()
    {
        double[] numbers = [.. Enumerable.Range(0, 1000).Select(k => Math.Sin(k) + 100)];
        ElementStatistics whole = BlockStatistics.Of([.. numbers]);
        ElementStatistics parts = BlockStatistics.Of([.. numbers[..317]]).With(ElementStatistics.None).With(BlockStatistics.Of([.. numbers[317..]]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts.Mean, Is.EqualTo(whole.Mean).Within(1e-12));
            Assert.That(parts.Deviation, Is.EqualTo(whole.Deviation).Within(1e-12));
            Assert.That((parts.Elements, parts.Min, parts.Max), Is.EqualTo((whole.Elements, whole.Min, whole.Max)));
        }
    }

    private System.Collections.Immutable.ImmutableArray<ElementStatistics?> Measure(RunOptions options, params Blob[] blobs)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Write($"m{Guid.NewGuid():n}", blobs), options.Io);
        return CheckpointStatistics.Run(checkpoint, options);
    }
}
