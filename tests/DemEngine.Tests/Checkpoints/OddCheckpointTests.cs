using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Checkpoints;

/// <summary>What looks wrong and is right.</summary>
[TestFixtureSource(nameof(Modes))]
public sealed class OddCheckpointTests(IoMode io)
{
    private static readonly IoMode[] Modes = Enum.GetValues<IoMode>();

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void No_tensors()
    {
        using Checkpoint checkpoint = Open("{}");
        Assert.That(checkpoint.Tensors, Is.Empty);
        Assert.That(checkpoint.ByteLength, Is.Zero);
    }

    [Test]
    public void An_index_of_no_shards()
    {
        _folder.Write(Checkpoint.IndexFileName, """{"weight_map":{}}""");
        using Checkpoint checkpoint = Open();
        Assert.That(checkpoint.Tensors, Is.Empty);
    }

    [Test]
    public void Metadata_alone()
    {
        using Checkpoint checkpoint = Open("""{"__metadata__":{"format":"pt","":"","\u0000":"\u0001"}}""");
        Assert.That(checkpoint.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["format"] = "pt", [""] = "", ["\0"] = "\x01" }));
    }

    [Test]
    public void Metadata_that_is_null_counts_as_absent()
    {
        using Checkpoint checkpoint = Open("""{"__metadata__":null}""");
        Assert.That(checkpoint.Metadata, Is.Empty);
    }

    [Test]
    public void Metadata_of_the_first_shard_that_has_it()
    {
        _folder.Write("1", Build("""{"__metadata__":{"k":"first"},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"""));
        _folder.Write("2", Build("""{"__metadata__":{"k":"second","l":"only"},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"""));
        _folder.Write(Checkpoint.IndexFileName, """{"weight_map":{"b":"2","a":"1"}}""");
        using Checkpoint checkpoint = Open();
        Assert.That(checkpoint.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["k"] = "first", ["l"] = "only" }));
        Assert.That(checkpoint.Files, Is.EqualTo(new[] { _folder.PathOf("1"), _folder.PathOf("2") }));
    }

    [TestCase("{}        ")]
    [TestCase("{}\n\t\r ")]
    [TestCase("{ \n }")]
    public void Space_around_the_JSON(string header)
    {
        using Checkpoint checkpoint = Open(header);
        Assert.That(checkpoint.Tensors, Is.Empty);
    }

    [Test]
    public void Empty_tensors_share_an_offset_with_each_other_and_with_what_follows()
    {
        using Checkpoint checkpoint = Open(
            Header(
                Tensor("full", "U8", "[4]", 0, 4),
                Tensor("start", "F32", "[0]", 0, 0),
                Tensor("start too", "F64", "[3,0,9223372036854775807,9]", 0, 0),
                Tensor("end", "BOOL", "[0,0]", 4, 4)),
            4);
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EquivalentTo(new[] { "start", "start too", "full", "end" }));
        Assert.That(Bytes(checkpoint, "full"), Is.EqualTo(Pattern(4)));
        Assert.That(Bytes(checkpoint, "end"), Is.Empty);
    }

    [Test]
    public void Scalars_without_dimensions()
    {
        using Checkpoint checkpoint = Open(Header(Tensor("s", "F64", "[]", 0, 8)), 8);
        Assert.That(checkpoint.Find("s")!.Spec.Shape.Dimensions, Is.Empty);
        Assert.That(Bytes(checkpoint, "s"), Is.EqualTo(Pattern(8)));
    }

    [Test]
    public void More_than_eight_dimensions()
    {
        using Checkpoint checkpoint = Open(Header(Tensor("d", "U8", "[1,1,1,1,1,1,1,1,1,2,1,2]", 0, 4)), 4);
        Assert.That(checkpoint.Find("d")!.Spec.Shape.Dimensions, Has.Length.EqualTo(12));
        Assert.That(Bytes(checkpoint, "d"), Is.EqualTo(Pattern(4)));
    }

    [Test]
    public void Unaligned_data()
    {
        string header = Header(Tensor("b", "BOOL", "[1]", 0, 1), Tensor("d", "F64", "[2]", 1, 17), Tensor("h", "BF16", "[1]", 17, 19));
        using Checkpoint checkpoint = Open(header, 19);
        Assert.That(Bytes(checkpoint, "d"), Is.EqualTo(Pattern(19)[1..17]));
        Assert.That(Bytes(checkpoint, "h"), Is.EqualTo(Pattern(19)[17..]));
    }

    [Test]
    public void Tensors_listed_in_another_order_than_they_lie()
    {
        using Checkpoint checkpoint = Open(Header(Tensor("c", "U8", "[1]", 5, 6), Tensor("a", "U8", "[2]", 0, 2), Tensor("b", "U8", "[3]", 2, 5)), 6);
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(Bytes(checkpoint, "b"), Is.EqualTo(Pattern(6)[2..5]));
    }

    [Test]
    public void Keys_in_another_order()
    {
        using Checkpoint checkpoint = Open("""{"a":{"data_offsets":[0,2],"shape":[2],"dtype":"I8"}}""", 2);
        Assert.That(checkpoint.Find("a")!.Spec.Type, Is.EqualTo(ElementType.I8));
    }

    [TestCase("", "")]
    [TestCase("ключ", "ключ")]
    [TestCase("😀", "😀")]
    [TestCase("\\ud83d\\ude00", "😀")]
    [TestCase("\\u0000\\u001b\\\\\\\"\\/", "\0\x1b\\\"/")]
    [TestCase("../../etc/passwd", "../../etc/passwd")]
    [TestCase("__METADATA__", "__METADATA__")]
    public void Odd_names(string escaped, string name)
    {
        using Checkpoint checkpoint = Open(Header(Tensor(escaped, "U8", "[1]", 0, 1)), 1);
        Assert.That(checkpoint.Find(name)?.Spec.Name, Is.EqualTo(name));
    }

    [Test]
    public void Every_element_type([Values] ElementType type)
    {
        int bytes = 12 * type.Bits / 8;
        using Checkpoint checkpoint = Open(Header(Tensor("t", type.SafetensorsName, "[3,4]", 0, bytes)), bytes);
        TensorSpec spec = checkpoint.Find("t")!.Spec;
        Assert.That((spec.Type, spec.Shape.ElementCount, spec.ByteLength), Is.EqualTo((type, 12L, (long)bytes)));
        Assert.That(Bytes(checkpoint, "t"), Is.EqualTo(Pattern(bytes)));
    }

    [Test]
    public void Links_into_another_folder()
    {
        using var blobs = new TempFolder();
        blobs.Write("0f", Build(Header(Tensor("a", "U8", "[4]", 0, 4)), 4));
        blobs.Write("1f", """{"metadata":{"total_size":4,"x":[{}]},"weight_map":{"a":"a.safetensors"}}""");
        File.CreateSymbolicLink(_folder.PathOf("a.safetensors"), blobs.PathOf("0f"));
        File.CreateSymbolicLink(_folder.PathOf(Checkpoint.IndexFileName), Path.GetRelativePath(_folder.Path, blobs.PathOf("1f")));
        using Checkpoint checkpoint = Open();
        Assert.That(Bytes(checkpoint, "a"), Is.EqualTo(Pattern(4)));
        Assert.That(checkpoint.CheckUnchanged, Throws.Nothing);
        Assert.That(checkpoint.Folder, Is.EqualTo(_folder.Path), "where the configuration lies");
    }

    [Test]
    public void A_link_to_a_single_file()
    {
        _folder.Write("blob", Build(Header(Tensor("a", "U8", "[4]", 0, 4)), 4));
        File.CreateSymbolicLink(_folder.PathOf(Checkpoint.SingleFileName), "blob");
        using Checkpoint checkpoint = Open();
        Assert.That(Bytes(checkpoint, "a"), Is.EqualTo(Pattern(4)));
    }

    [Test]
    public void An_index_whose_only_shard_is_the_single_file_by_any_spelling_of_the_folder([Values("", "/", "/.", "/../{0}")] string end)
    {
        _folder.Write(Checkpoint.SingleFileName, Build(Header(Tensor("a", "U8", "[4]", 0, 4)), 4));
        _folder.Write(Checkpoint.IndexFileName, """{"weight_map":{"a":"model.safetensors"}}""");
        string spelling = _folder.Path + string.Format(end, Path.GetFileName(_folder.Path));
        foreach (string path in new[] { spelling, Path.GetRelativePath(Environment.CurrentDirectory, _folder.Path) })
        {
            using var checkpoint = Checkpoint.Open(path, io);
            Assert.That(Bytes(checkpoint, "a"), Is.EqualTo(Pattern(4)));
        }
    }

    [Test]
    public void Beside_an_index_one_file_can_be_named()
    {
        _folder.Write(Checkpoint.SingleFileName, Build(Header(Tensor("a", "U8", "[4]", 0, 4)), 4));
        _folder.Write(Checkpoint.IndexFileName, "not an index");
        using var checkpoint = Checkpoint.Open(_folder.PathOf(Checkpoint.SingleFileName), io);
        Assert.That(checkpoint.Tensors, Has.Length.EqualTo(1));
        Assert.That(checkpoint.Folder, Is.EqualTo(_folder.Path));
    }

    private static byte[] Bytes(Checkpoint checkpoint, string name)
    {
        StoredTensor tensor = checkpoint.Find(name)!;
        using var scratch = new NativeBuffer((int)tensor.Spec.ByteLength);
        return tensor.Read(0, (int)tensor.Spec.UnitCount, scratch.Bytes).Bytes.Span.ToArray();
    }

    private Checkpoint Open() => Checkpoint.Open(_folder.Path, io);

    private Checkpoint Open(string header, int dataLength = 0)
    {
        _folder.Write(Checkpoint.SingleFileName, Build(header, dataLength));
        return Open();
    }
}
