using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Tests.Merging;

/// <summary>What is merged in memory is what would be written, bit for bit.</summary>
public sealed class MemoryMergeTests
{
    private static readonly string[] Recipes = [AwkwardFamily.Dem, AwkwardFamily.Linear, AwkwardFamily.Slerp];

    private AwkwardFamily _family = null!;

    [OneTimeSetUp]
    public void Make() => _family = new AwkwardFamily();

    [OneTimeTearDown]
    public void Delete() => _family.Dispose();

    [TestCaseSource(nameof(Recipes))]
    public void The_bytes_are_those_of_a_merge_to_disk(string recipe)
    {
        string output = $"out-{Array.IndexOf(Recipes, recipe)}";
        _family.Folder.Merge(recipe, output);
        using MemoryMerge merge = Open(recipe, new RunOptions { Threads = 3 });
        MemoryModel merged = merge.Merge(Read(recipe));
        using var written = Checkpoint.Open(_family.Folder.PathOf(output));
        Assert.That(merge.TensorNames, Is.EquivalentTo(written.Tensors.Select(tensor => tensor.Spec.Name)));
        foreach (StoredTensor tensor in written.Tensors)
        {
            ITensorData found = merged.Find(tensor.Spec.Name)!;
            Assert.That(found.Spec, Is.EqualTo(tensor.Spec));
            Assert.That(Bytes(found), Is.EqualTo(_family.Folder.Bytes(output, tensor.Spec.Name)), tensor.Spec.Name);
        }

        Assert.That(merged.Find("no such tensor"), Is.Null);
    }

    [Test]
    public void One_merge_after_another_is_as_if_it_were_the_first()
    {
        Recipe first = Read(AwkwardFamily.Dem);
        Recipe second = first with
        {
            Models = [.. first.Models.Select((model, k) => model with { Parameters = new ParameterScope([new Parameter("weight", new NumberValue(0.125 * k))]) })],
        };
        using MemoryMerge merge = Open(AwkwardFamily.Dem, new RunOptions { Threads = 2, Io = IoMode.Pread });
        merge.Merge(first);
        MemoryModel merged = merge.Merge(second);
        _family.Folder.Merge(second.ToYaml(), "second");
        foreach (string name in merge.TensorNames)
            Assert.That(Bytes(merged.Find(name)!), Is.EqualTo(_family.Folder.Bytes("second", name)), name);

        merged = merge.Merge(first);
        foreach (var (name, bytes) in _family.Expected(AwkwardFamily.Dem))
            Assert.That(Bytes(merged.Find(name)!), Is.EqualTo(bytes), name);
    }

    [Test]
    public void As_many_are_held_at_a_time_as_there_is_memory_for()
    {
        using MemoryMerge one = Open(AwkwardFamily.Dem, new RunOptions());
        long bytes = one.Plan(Read(AwkwardFamily.Dem)).PlannedTensors.Sum(tensor => tensor.Spec.ByteLength);
        foreach (var (memory, expected) in new[] { (bytes - 1, 1), (bytes, 1), ((3 * bytes) - 1, 2), (3 * bytes, 3), (100 * bytes, 16) })
        {
            using MemoryMerge merge = Open(AwkwardFamily.Dem, new RunOptions { MaxMemoryBytes = memory });
            Assert.That(merge.MaxTogether, Is.EqualTo(expected));
        }
    }

    [Test]
    public void A_candidate_is_written_as_dem_merge_writes_it()
    {
        using MemoryMerge merge = Open(AwkwardFamily.Dem, new RunOptions());
        OutputRun.Execute(merge.Plan(Read(AwkwardFamily.Dem)), _family.Folder.PathOf("from-memory"), new CpuBackend(), new RunOptions());
        _family.Folder.Merge(AwkwardFamily.Dem, "direct");
        Assert.That(_family.Folder.Files("from-memory"), Is.EqualTo(_family.Folder.Files("direct")));
    }

    [Test]
    public void What_is_not_finite_is_refused()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Values.Tensor("x", ElementType.F32, [2], [1, 2])).Model("far", Values.Tensor("x", ElementType.F32, [2], [3e38, 2]));
        const string recipe = "{merge_method: dem, base_model: base, models: [{model: far, parameters: {weight: 5}}]}";
        Recipe read = RecipeReader.Resolve(RecipeReader.Parse(recipe, "r.yaml"), folder.Path);
        using MemoryMerge merge = MemoryMerge.Open(read, new AlignmentOptions(), new CpuBackend(), new RunOptions());
        Assert.That(() => merge.Merge(read), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.NonFiniteOutput).And.Message.Contains("\"x\""));
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(4096)]
    [TestCase(6000)]
    public void A_tensor_in_memory_may_lie_in_several_segments(int segmentBytes)
    {
        byte[] bytes = new byte[6000];
        new Random(1).NextBytes(bytes);
        using var tensor = new MemoryTensor(new TensorSpec("x", ElementType.F32, new TensorShape([1500])), segmentBytes);
        using var made = new NativeBuffer(6000);
        using var scratch = new NativeBuffer(6000);
        foreach (var (offset, length) in new[] { (4000, 2000), (0, 4000) })
        {
            NativeBytes tile = tensor.RoomFor(offset, made.Bytes.Slice(0, length));
            bytes.AsSpan(offset, length).CopyTo(tile.Span);
            tensor.Write(offset, tile);
        }

        foreach (var (first, count) in new[] { (0, 1500), (0, 1), (1023, 2), (1499, 1), (1500, 0), (3, 1400) })
            Assert.That(tensor.Read(first, count, scratch.Bytes).Bytes.Span.ToArray(), Is.EqualTo(bytes[(first * 4)..((first + count) * 4)]));
        Assert.That(() => tensor.Read(1499, 2, scratch.Bytes), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static byte[] Bytes(ITensorData tensor) => tensor.Read(0, (int)tensor.Spec.Shape.ElementCount, default).Bytes.Span.ToArray();

    private Recipe Read(string recipe) => RecipeReader.Resolve(RecipeReader.Parse(recipe, "r.yaml"), _family.Folder.Path);

    private MemoryMerge Open(string recipe, RunOptions options) => MemoryMerge.Open(Read(recipe), new AlignmentOptions(), new CpuBackend(), options);
}
