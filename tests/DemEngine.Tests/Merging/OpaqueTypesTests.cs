using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Merging;

/// <summary>Types of safetensors 0.8 that are not merged as numbers: read, compared, verified, and carried over bit for bit.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class OpaqueTypesTests
{
    private const string Linear = """
        merge_method: linear
        base_model: base
        models: [{model: base, parameters: {weight: 0.5}}, {model: a, parameters: {weight: 0.5}}]
        dtype: bfloat16
        """;

    private static readonly ElementType[] Types =
        [ElementType.F4, ElementType.F6E2M3, ElementType.F6E3M2, ElementType.F8E8M0, ElementType.C64];

    private ModelFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ModelFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void They_are_copied_tile_by_tile_and_a_difference_is_noted(
        [ValueSource(nameof(Types))] ElementType type, [Values] IoMode io, [Values(1, 2)] int threads)
    {
        // Elements of 6 bits straddle the ends of tiles, which are 256 KiB.
        var spec = new TensorSpec("t", type, new TensorShape(1001, 1204));
        byte[] bytes = Random(spec, seed: 1);
        byte[] other = [.. bytes];
        other[^1] ^= 0x80;
        _folder.Model("base", (spec, bytes), Number("n", 1)).Model("a", (spec, other), Number("n", 2));

        var options = new RunOptions { Io = io, Threads = threads, TileBytes = 256 << 10 };
        RunReport report = _folder.Merge(Linear, options: options);
        Assert.That(_folder.Bytes("out", "t").AsSpan().SequenceEqual(bytes), "the base's bytes");
        Assert.That(_folder.Values("out", "n"), Is.EqualTo(new[] { 1.5 }));
        Assert.That(report.Remarks, Has.One.Contains("\"t\"").And.One.Contains(type.SafetensorsName));
        Assert.That(Verification.Run(_folder.PathOf("out"), options).IsIntact, Is.True);

        using Checkpoint written = Checkpoint.Open(_folder.PathOf("out"), io);
        Assert.That(written.Find("t")!.Spec, Is.EqualTo(spec));
        SummarizedType summary = CheckpointSummary.Of(written).Types.Single(one => one.Type == type);
        Assert.That((summary.Elements, summary.Bytes), Is.EqualTo((1001L * 1204, bytes.LongLength)));
    }

    [Test]
    public void What_agrees_is_copied_without_a_note([ValueSource(nameof(Types))] ElementType type)
    {
        var spec = new TensorSpec("t", type, new TensorShape(3, 4));
        byte[] bytes = Random(spec, seed: 1);
        _folder.Model("base", (spec, bytes)).Model("a", (spec, bytes));
        Assert.That(_folder.Merge(Linear).Remarks, Is.Empty);
        Assert.That(_folder.Bytes("out", "t"), Is.EqualTo(bytes));
    }

    [Test]
    public void A_result_that_another_recipe_uses_holds_them([ValueSource(nameof(Types))] ElementType type)
    {
        var spec = new TensorSpec("t", type, new TensorShape(5, 8));
        byte[] bytes = Random(spec, seed: 1);
        _folder.Model("base", (spec, bytes), Number("n", 1)).Model("a", (spec, bytes), Number("n", 2));
        _folder.Merge("""
            name: first
            merge_method: linear
            models: [{model: base, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]
            ---
            merge_method: linear
            models: [{model: first, parameters: {weight: 1}}]
            """);
        Assert.That(_folder.Bytes("out", "t"), Is.EqualTo(bytes));
    }

    [Test]
    public void Differing_elements_are_counted_once_each([ValueSource(nameof(Types))] ElementType type, [Values] IoMode io)
    {
        var spec = new TensorSpec("t", type, new TensorShape(1, 1_200_000));
        byte[] bytes = Random(spec, seed: 2);
        byte[] other = [.. bytes];
        var random = new Random(3);
        for (int k = 0; k < 2_000; k++)
        {
            // Some lie around the end of a tile.
            long bit = k < 200 ? (8L * (256 << 10)) + k - 100 : random.NextInt64(8L * bytes.Length);
            other[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        }

        long expected = Enumerable.Range(0, 1_200_000).Count(element => Enumerable.Range(0, type.Bits)
            .Select(k => ((long)element * type.Bits) + k)
            .Any(bit => ((bytes[bit / 8] ^ other[bit / 8]) >> (int)(bit % 8) & 1) != 0));
        _folder.Model("x", (spec, bytes)).Model("y", (spec, other));
        CheckpointDiff diff = Compare(new RunOptions { Io = io, TileBytes = 256 << 10 });
        TensorDiff tensor = diff.Different.Single();
        Assert.That((tensor.DifferingElements, tensor.Largest), Is.EqualTo((expected, (double?)null)));
        Assert.That(expected, Is.GreaterThan(1_000));
    }

    [TestCase("F4", "[3]", 2)]
    [TestCase("F4", "[3]", 1)]
    [TestCase("F6_E2M3", "[2,3]", 5)]
    [TestCase("F6_E3M2", "[2]", 2)]
    public void Elements_that_fill_no_whole_byte_are_refused(string type, string shape, int bytes)
    {
        Directory.CreateDirectory(_folder.PathOf("m"));
        File.WriteAllBytes(Path.Combine(_folder.PathOf("m"), Checkpoint.SingleFileName), Build(Header(Tensor("t", type, shape, 0, bytes)), bytes));
        string message = Failing.With(ErrorCode.BadShape, () => Checkpoint.Open(_folder.PathOf("m")).Dispose()).Message;
        Assert.That(message, Does.Contain("no whole number of bytes"));
    }

    [Test]
    public void An_opaque_tensor_and_a_number_do_not_match()
    {
        var spec = new TensorSpec("t", ElementType.F4, new TensorShape(4));
        _folder.Model("base", (spec, [1, 2])).Model("a", Values.Tensor("t", ElementType.BF16, [4], 1));
        Failing.With(ErrorCode.TypeMismatch, () => _folder.Merge(Linear));
    }

    [Test]
    public void Rows_are_cut_as_those_of_numbers()
    {
        var spec = new TensorSpec("model.embed_tokens.weight", ElementType.F4, new TensorShape(4, 3));
        _folder.Model("base", (spec, [1, 2, 3, 4, 5, 6])).Model("a", (spec with { Shape = new TensorShape(2, 3) }, [1, 2, 9]));
        RunReport report = _folder.Merge(Linear, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common });
        Assert.That(_folder.Bytes("out", spec.Name), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(report.Remarks, Has.One.Contains("embed_tokens"));
    }

    [Test]
    public void Fnuz_floats_are_merged_as_numbers([Values(ElementType.F8E4M3Fnuz, ElementType.F8E5M2Fnuz)] ElementType type)
    {
        _folder.Model("base", Values.Tensor("t", type, [5], 1, -2, 0, 0.5, -0.25)).Model("a", Values.Tensor("t", type, [5], 3, -2, 0, 1.5, 0.25));
        _folder.Merge(Linear.Replace("dtype: bfloat16", "", StringComparison.Ordinal));
        Assert.That(_folder.Values("out", "t"), Is.EqualTo(new[] { 2, -2, 0, 1, 0.0 }));
        Assert.That(_folder.Bytes("out", "t"), Has.None.EqualTo(0x80));
    }

    private static (TensorSpec Spec, byte[] Bytes) Number(string name, double value) => Values.Tensor(name, ElementType.BF16, [1], value);

    private static byte[] Random(TensorSpec spec, int seed)
    {
        byte[] bytes = new byte[spec.ByteLength];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private CheckpointDiff Compare(RunOptions options) =>
        Comparison.Run(_folder.PathOf("x"), _folder.PathOf("y"), options, new CpuBackend());
}
