using DemEngine.Checkpoints;
using DemEngine.Numerics;
using Tensors = System.Collections.Generic.IEnumerable<(DemEngine.Checkpoints.TensorSpec Spec, byte[] Bytes)>;

namespace DemEngine.Tests.Checkpoints;

public sealed class FingerprintTests
{
    private const int Sample = 4096;
    private const int Large = 5 * Sample;

    private static readonly string Original = Of();

    [Test]
    public void It_does_not_depend_on_the_shards_or_the_mode([Values] IoMode io, [Values(1, 1000, Large, 1 << 20)] long maxShardBytes) =>
        Assert.That(Of(io: io, maxShardBytes: maxShardBytes), Is.EqualTo(Original).And.Match("^[0-9a-f]{32}$"));

    [Test]
    public void It_does_not_depend_on_the_order_or_the_metadata() =>
        Assert.That(Of(tensors => tensors.Reverse(), metadata: new Dictionary<string, string> { ["k"] = "v" }), Is.EqualTo(Original));

    [TestCase(0)]
    [TestCase(Sample - 1)]
    [TestCase(2 * Sample)]
    [TestCase((3 * Sample) - 1)]
    [TestCase(Large - Sample)]
    [TestCase(Large - 1)]
    public void It_shows_a_changed_byte_in_a_sample(int at) => Assert.That(Of(Flip(at)), Is.Not.EqualTo(Original));

    [TestCase(Sample)]
    [TestCase((2 * Sample) - 1)]
    [TestCase(3 * Sample)]
    [TestCase(Large - Sample - 1)]
    public void It_does_not_show_a_changed_byte_between_the_samples(int at) => Assert.That(Of(Flip(at)), Is.EqualTo(Original));

    [Test]
    public void It_shows_every_byte_of_a_small_tensor([Range(0, 5)] int at) =>
        Assert.That(Of(Replace("small", tensor => (tensor.Spec, Flipped(tensor.Bytes, at)))), Is.Not.EqualTo(Original));

    [Test]
    public void It_shows_a_name() =>
        Assert.That(Of(Replace("small", tensor => (tensor.Spec with { Name = "smalm" }, tensor.Bytes))), Is.Not.EqualTo(Original));

    [Test]
    public void It_shows_a_type() =>
        Assert.That(Of(Replace("small", tensor => (tensor.Spec with { Type = ElementType.F16 }, tensor.Bytes))), Is.Not.EqualTo(Original));

    [TestCase(1, 3)]
    [TestCase(3, 1)]
    public void It_shows_a_shape(int rows, int columns) =>
        Assert.That(
            Of(Replace("small", tensor => (tensor.Spec with { Shape = new TensorShape(rows, columns) }, tensor.Bytes))), Is.Not.EqualTo(Original));

    [Test]
    public void It_shows_an_empty_tensor() =>
        Assert.That(Of(tensors => tensors.Where(tensor => tensor.Spec.Name != "empty")), Is.Not.EqualTo(Original));

    [Test]
    public void It_shows_which_tensor_has_which_bytes()
    {
        string OfBytes(byte x, byte y) =>
            Of(_ => [TestCheckpoint.Tensor("x", ElementType.U8, [1], [x]), TestCheckpoint.Tensor("y", ElementType.U8, [1], [y])]);
        Assert.That(OfBytes(1, 2), Is.Not.EqualTo(OfBytes(2, 1)));
    }

    [TestCase(0, true)]
    [TestCase(Large - 1, true)]
    [TestCase((Large / 2) - 256, false)]
    [TestCase((Large / 2) + 255, false)]
    public void Of_very_many_tensors_it_reads_the_middle_of_each(int at, bool isSame)
    {
        Tensors many = Enumerable.Range(0, 16384).Select(k => TestCheckpoint.Tensor($"t{k}", ElementType.U8, [1], [(byte)k])).ToArray();
        string before = Of(tensors => [.. tensors, .. many]);
        Assert.That(Of(tensors => [.. Flip(at)(tensors), .. many]) == before, Is.EqualTo(isSame));
        Assert.That(
            Of(tensors => [.. tensors, .. many.Skip(1), TestCheckpoint.Tensor("t0", ElementType.U8, [1], [1])]), Is.Not.EqualTo(before));
    }

    private static Func<Tensors, Tensors> Flip(int at) => Replace("large", tensor => (tensor.Spec, Flipped(tensor.Bytes, at)));

    private static Func<Tensors, Tensors> Replace(string name, Func<(TensorSpec Spec, byte[] Bytes), (TensorSpec, byte[])> change) =>
        tensors => tensors.Select(tensor => tensor.Spec.Name == name ? change(tensor) : tensor);

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 1;
        return flipped;
    }

    private static string Of(
        Func<Tensors, Tensors>? change = null,
        IoMode io = IoMode.Mmap,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        Tensors tensors =
        [
            TestCheckpoint.Tensor("large", ElementType.U8, [Large]),
            TestCheckpoint.Tensor("small", ElementType.BF16, [3]),
            TestCheckpoint.Tensor("scalar", ElementType.F64, []),
            TestCheckpoint.Tensor("empty", ElementType.F32, [0, 2]),
        ];
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [.. change?.Invoke(tensors) ?? tensors], maxShardBytes, metadata);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        return Fingerprint.Of(checkpoint);
    }
}
