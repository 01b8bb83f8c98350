using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Tests.Analysis;

public sealed class ComparisonTests
{
    private AnalysisFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new AnalysisFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_copy_is_identical_however_its_tensors_lie()
    {
        Blob a = Blob.Random("a", 1, 300, 1000);
        Blob b = Blob.F32("b", float.NaN, 1);
        CheckpointDiff diff = Compare(_folder.Write("x", a, b), _folder.Write("y", b, a));
        Assert.That(diff.IsIdentical, Is.True);
        Assert.That(diff.Different, Is.Empty);
        Assert.That(diff.BytesRead, Is.EqualTo(2 * (600_000 + 8)));
    }

    [Test]
    public void Known_edits_are_counted_and_found()
    {
        Blob a = Blob.Random("a", 1, 300, 1000);
        byte[] edited = [.. a.Bytes];
        BitConverter.GetBytes((ushort)0x4000).CopyTo(edited, 2 * 150_007); // 2
        BitConverter.GetBytes((ushort)0x4040).CopyTo(edited, 2 * 299_999); // 3
        BitConverter.GetBytes((ushort)0x7FC0).CopyTo(edited, 2 * 5); // NaN
        string x = _folder.Write("x", a);
        string y = _folder.Write("y", a with { Bytes = edited });
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            TensorDiff tensor = Compare(x, y, new RunOptions { Io = io, Threads = 3, TileBytes = 256 << 10 }).Different.Single();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(tensor.DifferingElements, Is.EqualTo(3));
                Assert.That(tensor.NonFinite, Is.EqualTo(1));
                Assert.That(tensor.LargestAt, Is.EqualTo([299L, 999L]));
                Assert.That(tensor.Largest, Is.EqualTo(3.0 - a.Bf16Values()[^1]));
            }
        }
    }

    [TestCase(new float[] { 0, 1 }, new float[] { -0f, 1 }, 1, 0, 0.0)]
    [TestCase(new float[] { float.NaN, float.PositiveInfinity }, new float[] { float.NaN, float.PositiveInfinity }, 0, 0, null)]
    [TestCase(new float[] { float.NaN, 1, 5 }, new float[] { float.NaN, 2, 4 }, 2, 0, 1.0)]
    [TestCase(new float[] { float.NegativeInfinity, 1 }, new float[] { float.PositiveInfinity, 1 }, 1, 1, null)]
    [TestCase(new float[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, new float[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14 }, 1, 0, 3.0)]
    public void Elements_of_one_type_are_compared_by_their_bits(float[] a, float[] b, long differing, long nonFinite, double? largest)
    {
        TensorDiff tensor = Compare(_folder.Write("x", Blob.F32("t", a)), _folder.Write("y", Blob.F32("t", b))).Common.Single();
        Assert.That((tensor.DifferingElements, tensor.NonFinite, tensor.Largest), Is.EqualTo((differing, nonFinite, largest)));
    }

    [Test]
    public void Elements_of_two_types_are_compared_by_their_values()
    {
        float[] singles = [0, 1.5f, float.NaN, float.PositiveInfinity, 0.1f];
        double[] doubles = [-0.0, 1.5, double.NaN, double.PositiveInfinity, 0.1];
        string x = _folder.Write("x", Blob.F32("t", singles));
        CheckpointDiff diff = Compare(x, _folder.Write("y", Blob.Of("t", ElementType.F64, [5], doubles)));
        TensorDiff tensor = diff.Common.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(diff.IsIdentical, Is.False);
            Assert.That(tensor.DifferingElements, Is.EqualTo(1));
            Assert.That(tensor.NonFinite, Is.Zero);
            Assert.That(tensor.Largest, Is.EqualTo((double)0.1f - 0.1));
            Assert.That(tensor.LargestAt, Is.EqualTo([4L]));
        }
    }

    [Test]
    public void Integers_are_compared_exactly()
    {
        string x = _folder.Write("x", Blob.Of("i", ElementType.I64, [2], long.MinValue, 7), Blob.Of("u", ElementType.U8, [3], (byte)255, (byte)1, (byte)2));
        string y = _folder.Write("y", Blob.Of("i", ElementType.I64, [2], long.MaxValue, 7), Blob.Of("u", ElementType.U8, [3], (byte)0, (byte)1, (byte)3));
        TensorDiff[] tensors = [.. Compare(x, y).Different];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tensors.Select(tensor => tensor.Largest), Is.EqualTo([Math.Pow(2, 64), 255.0]));
            Assert.That(tensors.Select(tensor => tensor.DifferingElements), Is.EqualTo([1L, 2L]));
        }
    }

    [Test]
    public void Tensors_that_cannot_be_compared_are_listed()
    {
        string x = _folder.Write("x", Blob.F32("shape", 1, 2), Blob.F32("kind", 1), Blob.F32("z", 1), Blob.F32("a", 1));
        string y = _folder.Write("y", Blob.F32("shape", 1, 2, 3), Blob.Of("kind", ElementType.I32, [1], 1), Blob.F32("n", 1), Blob.F32("a", 1));
        CheckpointDiff diff = Compare(x, y);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(diff.OnlyInA, Is.EqualTo(["z"]));
            Assert.That(diff.OnlyInB, Is.EqualTo(["n"]));
            Assert.That(diff.Different.Select(tensor => (tensor.Name, tensor.IsCompared)), Is.EqualTo([("kind", false), ("shape", false)]));
            Assert.That(diff.Common, Has.Length.EqualTo(3));
            Assert.That(diff.IsIdentical, Is.False);
        }
    }

    private static CheckpointDiff Compare(string a, string b, RunOptions? options = null)
    {
        using var backend = new CpuBackend();
        return Comparison.Run(a, b, options ?? new RunOptions(), backend);
    }
}
