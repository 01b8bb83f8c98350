using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Locating;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Checkpoints;

public sealed class ShardLayoutTests
{
    [Test]
    public void One_shard_has_the_single_file_s_name_and_no_index()
    {
        var layout = ShardLayout.Plan([Floats("a", 4), Floats("b", 4)], 32);
        Assert.That(layout.Shards.Select(shard => shard.FileName), Is.EqualTo(new[] { "model.safetensors" }));
        Assert.That(layout.BuildIndex(), Is.Null);
    }

    [Test]
    public void Several_shards_are_numbered_from_one()
    {
        var layout = ShardLayout.Plan([Floats("a", 4), Floats("b", 4), Floats("c", 1)], 31);
        Assert.That(
            layout.Shards.Select(shard => shard.FileName),
            Is.EqualTo(new[] { "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors" }));
    }

    [Test]
    public void No_tensors_make_one_empty_file()
    {
        var layout = ShardLayout.Plan([]);
        Assert.That(layout.Shards, Has.Length.EqualTo(1));
        Assert.That(layout.Shards[0].Length, Is.EqualTo(layout.Shards[0].Header.Length));
        Assert.That(layout.TotalSize, Is.Zero);
    }

    [TestCase(16L, "a|b|c", TestName = "Each tensor fills a shard")]
    [TestCase(31L, "a|b|c", TestName = "A byte too little for two")]
    [TestCase(32L, "a b|c", TestName = "Two fit exactly")]
    [TestCase(48L, "a b c", TestName = "All fit exactly")]
    [TestCase(1L, "a|b|c", TestName = "All are oversized")]
    [TestCase(long.MaxValue, "a b c", TestName = "No limit")]
    public void The_cut_is_greedy(long maxShardBytes, string expected) =>
        Assert.That(Shards(ShardLayout.Plan([Floats("a", 4), Floats("b", 4), Floats("c", 4)], maxShardBytes)), Is.EqualTo(expected));

    [Test]
    public void An_oversized_tensor_lies_alone() =>
        Assert.That(Shards(ShardLayout.Plan([Floats("a", 1), Floats("big", 100), Floats("b", 1), Floats("c", 1)], 40)), Is.EqualTo("a|big|b c"));

    [Test]
    public void A_shard_is_not_filled_up_with_a_later_tensor() =>
        Assert.That(Shards(ShardLayout.Plan([Floats("a", 9), Floats("b", 2), Floats("c", 1)], 40)), Is.EqualTo("a|b c"));

    [Test]
    public void A_limit_below_one_is_refused([Values(0, -1)] long maxShardBytes) =>
        Assert.That(() => ShardLayout.Plan([], maxShardBytes), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Within_a_shard_larger_elements_come_first_and_else_the_order_stays()
    {
        TensorSpec[] specs =
        [
            new("h1", ElementType.BF16, new TensorShape(3)),
            new("b", ElementType.Bool, new TensorShape(1)),
            new("d", ElementType.F64, new TensorShape(1)),
            new("h2", ElementType.F16, new TensorShape(1)),
            new("f", ElementType.F32, new TensorShape(1)),
        ];
        Assert.That(Shards(ShardLayout.Plan(specs)), Is.EqualTo("d f h1 h2 b"));
    }

    [Test]
    public void The_header_states_pt_as_the_format_and_the_metadata_given()
    {
        var layout = ShardLayout.Plan([], metadata: new Dictionary<string, string> { ["z"] = "é \"\0", ["a"] = "" });
        Assert.That(
            Parse(layout, 0).Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["format"] = "pt", ["z"] = "é \"\0", ["a"] = "" }));
    }

    [Test]
    public void Metadata_that_states_a_format_counts()
    {
        var layout = ShardLayout.Plan([], metadata: new Dictionary<string, string> { ["format"] = "mlx" });
        Assert.That(Parse(layout, 0).Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["format"] = "mlx" }));
    }

    [Test]
    public void The_plan_does_not_depend_on_the_order_of_the_metadata()
    {
        var one = ShardLayout.Plan([], metadata: new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });
        var other = ShardLayout.Plan([], metadata: new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });
        Assert.That(one.Shards[0].Header.ToArray(), Is.EqualTo(other.Shards[0].Header.ToArray()));
    }

    [Test]
    public void Any_plan_reads_back_as_what_was_planned()
    {
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            TensorSpec[] specs = RandomSpecs(random);
            long maxShardBytes = 1 + random.NextInt64(1 << random.Next(1, 16));
            var layout = ShardLayout.Plan(specs, maxShardBytes);
            Assert.That(layout.Tensors.Select(tensor => tensor.Spec), Is.EquivalentTo(specs));
            Assert.That(layout.TotalSize, Is.EqualTo(specs.Sum(spec => spec.ByteLength)));
            for (int shard = 0; shard < layout.Shards.Length; shard++)
                CheckShard(layout, shard, maxShardBytes);
            CheckIndex(layout);
        }
    }

    [Test]
    public void A_tensor_of_terabytes_is_planned_without_overflow()
    {
        var layout = ShardLayout.Plan([new TensorSpec("a", ElementType.BF16, new TensorShape(1L << 40, 3)), Floats("b", 1)]);
        Assert.That(layout.Shards[0].Length, Is.EqualTo(layout.Shards[0].Header.Length + (6L << 40)));
        Assert.That(Parse(layout, 0).Tensors[0].Spec, Is.EqualTo(layout.Tensors[0].Spec));
    }

    [Test]
    public void A_checkpoint_written_by_plan_opens_with_the_same_bytes([Values] IoMode io, [Values(1, 100, 5000, 1 << 20)] long maxShardBytes)
    {
        var random = new Random(11);
        var tensors = RandomSpecs(random).Select(spec => (Spec: spec, Bytes: RandomBytes(random, spec))).ToArray();
        using var folder = new TempFolder();
        ShardLayout layout = TestCheckpoint.Write(folder.Path, tensors, maxShardBytes);

        using var checkpoint = Checkpoint.Open(folder.Path, io);
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec), Is.EquivalentTo(tensors.Select(tensor => tensor.Spec)));
        Assert.That(checkpoint.Files.Select(Path.GetFileName), Is.EqualTo(layout.Shards.Select(shard => shard.FileName)));
        Assert.That(checkpoint.ByteLength, Is.EqualTo(layout.TotalSize));
        using var scratch = new NativeBuffer(1 << 20);
        foreach (var (spec, bytes) in tensors)
        {
            StoredTensor stored = checkpoint.Find(spec.Name)!;
            TypedBytes read = stored.Read(0, (int)spec.UnitCount, scratch.Bytes);
            Assert.That(read.Type, Is.EqualTo(spec.Type));
            Assert.That(read.Bytes.Span.SequenceEqual(bytes), spec.Name);
        }
    }

    private static TensorSpec Floats(string name, int count) => new(name, ElementType.F32, new TensorShape(count));

    private static string Shards(ShardLayout layout) =>
        string.Join('|', layout.Tensors.GroupBy(tensor => tensor.Shard).Select(shard => string.Join(' ', shard.Select(tensor => tensor.Spec.Name))));

    private static SafetensorsHeader Parse(ShardLayout layout, int shard)
    {
        PlannedShard planned = layout.Shards[shard];
        ReadOnlySpan<byte> header = planned.Header.Span;
        int length = SafetensorsHeader.JsonLength(header[..SafetensorsHeader.PrefixLength], planned.Length, "f");
        Assert.That(length, Is.EqualTo(header.Length - SafetensorsHeader.PrefixLength));
        return SafetensorsHeader.Parse(header[SafetensorsHeader.PrefixLength..], planned.Length - header.Length, "f");
    }

    private static void CheckShard(ShardLayout layout, int shard, long maxShardBytes)
    {
        PlannedShard planned = layout.Shards[shard];
        PlacedTensor[] placed = [.. layout.Tensors.Where(tensor => tensor.Shard == shard)];
        Assert.That(planned.Header.Length % 8, Is.Zero);
        Assert.That(placed.Length <= 1 || placed.Sum(tensor => tensor.Spec.ByteLength) <= maxShardBytes, "within the limit, or one alone");
        Assert.That(placed.All(tensor => tensor.Offset % tensor.Spec.Type.Size == 0), "aligned");

        // Where several are empty, their order among those at one offset is free.
        Assert.That(
            Parse(layout, shard).Tensors.Select(tensor => (tensor.Spec, tensor.Offset + planned.Header.Length)),
            Is.EquivalentTo(placed.Select(tensor => (tensor.Spec, tensor.Offset))));
    }

    private static void CheckIndex(ShardLayout layout)
    {
        if (layout.BuildIndex() is not { } index)
        {
            Assert.That(layout.Shards, Has.Length.EqualTo(1));
            return;
        }

        Assert.That(
            CheckpointIndex.Parse(index, "f"),
            Is.EquivalentTo(layout.Tensors.ToDictionary(tensor => tensor.Spec.Name, tensor => layout.Shards[tensor.Shard].FileName)));
        using var json = JsonDocument.Parse(index);
        Assert.That(json.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64(), Is.EqualTo(layout.TotalSize));
    }

    private static TensorSpec[] RandomSpecs(Random random)
    {
        string[] odd = ["", "é", "😀", "\0", "\"", "\\", "a b", "\u202e", "<&>", "\u007f", "\u2028"];
        return
        [
            .. Enumerable.Range(0, random.Next(1, 20)).Select(i => new TensorSpec(
                random.Next(3) == 0 && i < odd.Length ? odd[i] : $"layers.{i}.weight",
                (ElementType)random.Next(Enum.GetValues<ElementType>().Length),
                new TensorShape([.. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(12))])))
                .Where((spec, k) => k == 0 || spec.IsWholeBytes)
                .Select(spec => spec.IsWholeBytes ? spec : spec with { Shape = new TensorShape([4, 5]) }),
        ];
    }

    private static byte[] RandomBytes(Random random, TensorSpec spec)
    {
        byte[] bytes = new byte[spec.ByteLength];
        random.NextBytes(bytes);
        return bytes;
    }

    [Test]
    public void Headers_that_are_built_when_they_are_written_are_those_that_were_planned()
    {
        TensorSpec[] specs =
            [.. Enumerable.Range(0, 20_001).Select(k => new TensorSpec($"t{k}", k % 3 == 0 ? ElementType.F32 : ElementType.BF16, new TensorShape(k % 5)))];
        ShardLayout layout = ShardLayout.Plan(specs, maxShardBytes: 60_000);
        Assert.That(layout.Shards, Has.Length.GreaterThan(1));
        for (int shard = 0; shard < layout.Shards.Length; shard++)
        {
            PlacedTensor[] placed = [.. layout.Tensors.Where(tensor => tensor.Shard == shard)];
            ShardLayout alone = ShardLayout.Plan(placed.Select(tensor => tensor.Spec), long.MaxValue);
            PlannedShard planned = layout.Shards[shard];
            Assert.That(placed, Has.Length.LessThan(20_000));
            Assert.That(planned.Header.Span.SequenceEqual(alone.Shards[0].Header.Span), Is.True);
            Assert.That(planned.Length, Is.EqualTo(alone.Shards[0].Length));
            Assert.That(placed[0].Offset, Is.EqualTo(planned.Header.Length));
        }
    }
}
