using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Analysis;

public class SignMeasurementTests
{
    private static readonly int[] Sizes = [1, 4096, 9001, 300_000];

    private ModelFolder _folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _folder = new ModelFolder();
        (TensorSpec Spec, byte[] Bytes)[] origin = [.. Sizes.Select((size, k) => Values.Random($"t{k}", k % 2 == 0 ? ElementType.F32 : ElementType.BF16, [size], 1))];
        _folder.Model("base", origin);
        _folder.Model("a", [.. origin.Select(tensor => Values.Moved(tensor, 2, tensor.Spec.Type))]);
        _folder.Model("b", [.. origin.Select(tensor => Values.Moved(tensor, 3, tensor.Spec.Type))]);
        _folder.Extract("b", "vector");
    }

    [OneTimeTearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void Signs_and_overlaps_are_those_of_the_differences()
    {
        double both = 0, opposed = 0, overlap = 0, cancelled = 0;
        for (int k = 0; k < Sizes.Length; k++)
        {
            double[] b = _folder.Values("base", $"t{k}"), x = _folder.Values("a", $"t{k}"), y = _folder.Values("b", $"t{k}");
            for (int i = 0; i < b.Length; i++)
            {
                float dx = (float)(x[i] - b[i]), dy = (float)(y[i] - b[i]);
                if (dx == 0 || dy == 0)
                    continue;
                both++;
                overlap += Math.Min(Math.Abs(dx), Math.Abs(dy));
                opposed += dx < 0 != dy < 0 ? 1 : 0;
                cancelled += dx < 0 != dy < 0 ? Math.Min(Math.Abs(dx), Math.Abs(dy)) : 0;
            }
        }

        ImmutableArray<ImmutableArray<SignConflict>> found = Run(new RunOptions(), "a", "b");
        Assert.That(found[0][1], Is.EqualTo(found[1][0]));
        Assert.That(found[0][1].Both, Is.EqualTo(both));
        Assert.That(found[0][1].Opposed, Is.EqualTo(opposed));
        Assert.That(found[0][1].Overlap, Is.EqualTo(overlap).Within(1e-4).Percent);
        Assert.That(found[0][1].Cancelled, Is.EqualTo(cancelled).Within(1e-4).Percent);
        Assert.That(found[0][1].OpposedShare, Is.EqualTo(0.5).Within(0.01), "they were made independently");
        Assert.That(found[0][0].Opposed, Is.Zero);
    }

    [Test]
    public void Vectors_count_as_the_models_that_they_come_from_and_threads_do_not_show()
    {
        var plain = Run(new RunOptions { Threads = 1 }, "a", "b");
        Assert.That(Run(new RunOptions { Threads = 3, TileBytes = ContentHash.LeafBytes, Io = IoMode.Pread }, "a", "vector"), Is.EqualTo(plain).Using<ImmutableArray<SignConflict>>((a, b) => a.SequenceEqual(b)));
    }

    [Test]
    public void A_vector_and_its_opposite_cancel()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Values.Tensor("x", ElementType.F32, [5], 1.0))
            .Model("up", Values.Tensor("x", ElementType.F32, [5], 1.5, 2, 1, 1, 3))
            .Model("down", Values.Tensor("x", ElementType.F32, [5], 0.5, 0, 1, 0, 2));
        SignConflict conflict = SignMeasurement.Run(
            folder.PathOf("base"), [folder.PathOf("up"), folder.PathOf("down")], new AlignmentOptions(), new RunOptions(), new CpuBackend())[0][1];
        Assert.That(conflict, Is.EqualTo(new SignConflict(3, 2, 2.5, 1.5)));
        Assert.That(conflict.OpposedShare, Is.EqualTo(2 / 3.0));
        Assert.That(conflict.CancelledShare, Is.EqualTo(0.6));
    }

    private ImmutableArray<ImmutableArray<SignConflict>> Run(RunOptions options, params string[] models) => SignMeasurement.Run(
        _folder.PathOf("base"), [.. models.Select(_folder.PathOf)], new AlignmentOptions(), options, new CpuBackend());
}
