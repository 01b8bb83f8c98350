using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.PyTorch;

public sealed class TorchFileTests
{
    private static readonly (string Storage, string? Type, ElementType Expected)[] Types =
    [
        ("torch.DoubleStorage", null, ElementType.F64),
        ("torch.FloatStorage", null, ElementType.F32),
        ("torch.HalfStorage", null, ElementType.F16),
        ("torch.BFloat16Storage", null, ElementType.BF16),
        ("torch.LongStorage", null, ElementType.I64),
        ("torch.IntStorage", null, ElementType.I32),
        ("torch.ShortStorage", null, ElementType.I16),
        ("torch.CharStorage", null, ElementType.I8),
        ("torch.ByteStorage", null, ElementType.U8),
        ("torch.BoolStorage", null, ElementType.Bool),
        ("torch.ComplexFloatStorage", null, ElementType.C64),
        ("torch.storage.UntypedStorage", "uint16", ElementType.U16),
        ("torch.storage.UntypedStorage", "uint32", ElementType.U32),
        ("torch.storage.UntypedStorage", "uint64", ElementType.U64),
        ("torch.storage.UntypedStorage", "float8_e4m3fn", ElementType.F8E4M3),
        ("torch.storage.UntypedStorage", "float8_e5m2", ElementType.F8E5M2),
        ("torch.storage.UntypedStorage", "float8_e4m3fnuz", ElementType.F8E4M3Fnuz),
        ("torch.storage.UntypedStorage", "float8_e5m2fnuz", ElementType.F8E5M2Fnuz),
        ("torch.storage.UntypedStorage", "float8_e8m0fnu", ElementType.F8E8M0),
    ];

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    /// <summary>All bytes of a tensor, in its own order.</summary>
    public static byte[] Bytes(StoredTensor tensor, int part = int.MaxValue)
    {
        byte[] bytes = new byte[tensor.Spec.ByteLength];
        if (bytes.Length == 0)
            return bytes;
        using var scratch = new NativeBuffer(bytes.Length);
        int size = tensor.Spec.Type.Size;
        for (int first = 0; first < tensor.Spec.UnitCount; first += Math.Min(part, (int)tensor.Spec.UnitCount))
        {
            int count = (int)Math.Min(part, tensor.Spec.UnitCount - first);
            tensor.Read(first, count, scratch.Bytes).Bytes.Span.CopyTo(bytes.AsSpan(first * size));
        }

        return bytes;
    }

    [Test]
    public void Every_element_type_is_read_as_it_is_stored([Values] IoMode io)
    {
        const int Count = 24;
        byte[][] contents = [.. Types.Select((type, k) => SafetensorsText.Pattern(Count * type.Expected.Size, k))];
        TorchView[] views = [.. Types.Select((type, k) => new TorchView($"t{k}", type.Storage, $"{k}", type.Type is null ? Count : contents[k].Length, 0, [4, 6], [6, 1], type.Type))];
        Write("pytorch_model.bin", PickleText.StateDict(views), [.. contents.Select((bytes, k) => ($"{k}", bytes))]);
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path, io);
        Assert.Multiple(() =>
        {
            for (int k = 0; k < Types.Length; k++)
            {
                StoredTensor tensor = checkpoint.Find($"t{k}")!;
                Assert.That(tensor.Spec.Type, Is.EqualTo(Types[k].Expected));
                Assert.That(tensor.Spec.Shape.Dimensions, Is.EqualTo(new[] { 4L, 6L }));
                Assert.That(Bytes(tensor), Is.EqualTo(contents[k]));
            }
        });
    }

    [Test]
    public void Views_are_read_in_the_order_of_their_tensors_whatever_part_is_read([Values] IoMode io, [Values(1, 2, 4, 8)] int size)
    {
        var random = new Random(size);
        const int Count = 3000;
        byte[] storage = SafetensorsText.Pattern(Count * size, 77);
        var (kind, _, _) = Types.First(type => type.Expected.Size == size && type.Type is null);
        TorchView[] views = [.. Enumerable.Range(0, 120).Select(k => RandomView(random, $"v{k}", kind, Count))];
        Write("x.pt", PickleText.StateDict(views), ("s", storage));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("x.pt"), io);
        foreach (TorchView view in views)
        {
            byte[] expected = Expected(view, storage, size);
            StoredTensor tensor = checkpoint.Find(view.Name)!;
            string what = $"[{string.Join(", ", view.Sizes)}] with [{string.Join(", ", view.Strides)}] from {view.First}";
            Assert.That(Bytes(tensor), Is.EqualTo(expected), what);
            if (expected.Length > 0)
                Assert.That(Bytes(tensor, random.Next(1, expected.Length)), Is.EqualTo(expected), what);
        }
    }

    [Test]
    public void A_large_transposed_matrix_is_read_in_any_parts([Values] IoMode io)
    {
        const int Rows = 300;
        const int Columns = 5000;
        byte[] storage = SafetensorsText.Pattern(Rows * Columns * 2, 3);
        var view = new TorchView("t", "torch.BFloat16Storage", "0", Rows * Columns, 0, [Columns, Rows], [1, Columns]);
        Write("x.pt", PickleText.StateDict(view, view with { Name = "plain", Sizes = [Rows, Columns], Strides = [Columns, 1] }), ("0", storage));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("x.pt"), io);
        byte[] expected = Expected(view, storage, 2);
        foreach (int part in new[] { 100_003, 1_000_000, int.MaxValue })
            Assert.That(Bytes(checkpoint.Find("t")!, part).AsSpan().SequenceEqual(expected), $"in parts of {part}");
        Assert.That(Bytes(checkpoint.Find("plain")!).AsSpan().SequenceEqual(storage));
    }

    [Test]
    public void Tensors_on_one_storage_are_each_there()
    {
        byte[] storage = SafetensorsText.Pattern(24, 1);
        TorchView embedding = HostileTorchFiles.Right with { Name = "embed" };
        Write("pytorch_model.bin", PickleText.StateDict(embedding, embedding with { Name = "head" }, embedding with { Name = "row", First = 3, Sizes = [3], Strides = [1] }), ("0", storage));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(Bytes(checkpoint.Find("embed")!), Is.EqualTo(storage));
        Assert.That(Bytes(checkpoint.Find("head")!), Is.EqualTo(storage));
        Assert.That(Bytes(checkpoint.Find("row")!), Is.EqualTo(storage[12..]));
        Assert.That(checkpoint.Find("row")!.IsCopied, Is.False, "it lies in one piece, so that it is read in place");
    }

    [Test]
    public void A_fingerprint_is_that_of_the_same_model_in_safetensors([Values] IoMode io)
    {
        byte[] storage = SafetensorsText.Pattern(400 * 300 * 4, 9);
        TorchView plain = new("plain", "torch.FloatStorage", "0", 400 * 300, 0, [400, 300], [300, 1]);
        TorchView[] views =
        [
            plain,
            plain with { Name = "a.turned", Sizes = [300, 400], Strides = [1, 300] },
            plain with { Name = "part", First = 301, Sizes = [200, 300] },
            plain with { Name = "same" },
            plain with { Name = "small", First = 50_000, Sizes = [10], Strides = [1] },
        ];
        Write("x.pt", PickleText.StateDict(views), ("0", storage));
        TestCheckpoint.Write(_folder.PathOf("st"), [.. views.Select(view => TestCheckpoint.Tensor(view.Name, ElementType.F32, view.Sizes, Expected(view, storage, 4)))]);
        using Checkpoint pickled = Checkpoint.Open(_folder.PathOf("x.pt"), io);
        using Checkpoint safetensors = Checkpoint.Open(_folder.PathOf("st"), io);
        Assert.That(Fingerprint.Of(pickled), Is.EqualTo(Fingerprint.Of(safetensors)));
    }

    [Test]
    public void A_storage_beyond_four_gigabytes_is_found_and_not_read()
    {
        // The file has holes, so that it takes no room on the disk; reading it whole would take far longer than this may.
        const long Count = 5L << 30;
        string path = _folder.PathOf("x.pt");
        TorchView large = new("large", "torch.ByteStorage", "big", Count, 0, [Count], [1]);
        LargeArchive.Write(path, PickleText.StateDict(large, large with { Name = "end", First = Count - 8, Sizes = [8] }), "big", Count, [1, 2, 3, 4, 5, 6, 7, 8]);
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            using Checkpoint checkpoint = Checkpoint.Open(path, io);
            Assert.That(checkpoint.Find("large")!.Spec.ByteLength, Is.EqualTo(Count));
            Assert.That(Bytes(checkpoint.Find("end")!), Is.EqualTo(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
            Assert.That(Fingerprint.Of(checkpoint), Is.Not.Empty);
        }
    }

    [TestCase("state_dict")]
    [TestCase("model_state_dict")]
    [TestCase("model")]
    [TestCase("module")]
    [TestCase("params_ema")]
    [TestCase("params")]
    public void Weights_are_found_where_training_programs_keep_them(string key)
    {
        byte[] pickle = PickleText.Of(p => p.Op('}').Text("epoch").Int(3).Op('s').Text("callbacks").Global("omegaconf.dictconfig", "DictConfig").Op(')').Op(0x81).Op('}').Text("x").Int(1).Op('s').Op('b').Op('s').Text(key).Views(HostileTorchFiles.Right).Op('s'));
        Write("model.ckpt", pickle, ("0", HostileTorchFiles.Contents));
        using Checkpoint checkpoint = ModelWeights.Open(_folder.PathOf("model.ckpt"));
        Assert.That(Bytes(checkpoint.Tensors.Single()), Is.EqualTo(HostileTorchFiles.Contents));
        Assert.That(checkpoint.DecodingRemarks.Single(), Does.Contain($"\"{key}\"").And.Contain("\"callbacks\"").And.Contain("\"epoch\""));
    }

    [Test]
    public void Averages_of_a_training_are_taken_before_its_last_weights()
    {
        byte[] pickle = PickleText.Of(p => p.Op('}').Text("params").Views(HostileTorchFiles.Right with { Name = "last" }).Op('s').Text("params_ema").Views(HostileTorchFiles.Right).Op('s'));
        Write("x.pth", pickle, ("0", HostileTorchFiles.Contents));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("x.pth"));
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("w"));
    }

    [Test]
    public void Entries_that_are_no_tensors_are_left_out_with_a_remark()
    {
        Write("x.pt", PickleText.Of(p => p.Views(HostileTorchFiles.Right).Text("step").Int(7).Op('s').Text("_extra_state").Op('N').Op('s')), ("0", HostileTorchFiles.Contents));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("x.pt"));
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("w"));
        Assert.That(checkpoint.DecodingRemarks.Single(), Does.Contain("2 entries").And.Contain("\"step\", \"_extra_state\""));
    }

    [Test]
    public void The_prefix_of_distributed_training_is_taken_off_where_all_names_have_it([Values] bool all)
    {
        TorchView view = HostileTorchFiles.Right;
        Write("x.pt", PickleText.StateDict(view with { Name = "module.a" }, view with { Name = all ? "module.b" : "b" }), ("0", HostileTorchFiles.Contents));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("x.pt"));
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(all ? ["a", "b"] : new[] { "module.a", "b" }));
        Assert.That(checkpoint.DecodingRemarks, Has.Length.EqualTo(all ? 1 : 0));
    }

    [Test]
    public void Names_that_an_index_has_stay_as_they_are()
    {
        Write("pytorch_model-00001-of-00001.bin", PickleText.StateDict(HostileTorchFiles.Right with { Name = "module.a" }), ("0", HostileTorchFiles.Contents));
        _folder.Write("pytorch_model.bin.index.json", """{"weight_map":{"module.a":"pytorch_model-00001-of-00001.bin"}}""");
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("module.a"));
    }

    [Test]
    public void Quantised_weights_are_decoded_though_their_scales_lie_transposed([Values] IoMode io)
    {
        byte[] codes = [.. Enumerable.Range(0, 256 * 128).Select(k => (byte)(k % 0x78))];
        byte[] scales = [.. new[] { 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f }.SelectMany(BitConverter.GetBytes)];
        TorchView weight = new("model.layers.0.mlp.up_proj.weight", "torch.storage.UntypedStorage", "c", codes.Length, 0, [128, 256], [1, 128], "float8_e4m3fn");
        TorchView scale = new("model.layers.0.mlp.up_proj.weight_scale_inv", "torch.FloatStorage", "s", 8, 0, [1, 2], [1, 1]);
        TorchView norm = new("model.norm.weight", "torch.FloatStorage", "s", 8, 0, [4, 2], [1, 4]);
        Write("pytorch_model.bin", PickleText.StateDict(weight, scale, norm), ("c", codes), ("s", scales));
        const string Config = """{"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}""";
        _folder.Write("config.json", Config);
        string twin = _folder.PathOf("st");
        TestCheckpoint.Write(
            twin,
            [
                TestCheckpoint.Tensor(weight.Name, ElementType.F8E4M3, weight.Sizes, Expected(weight, codes, 1)),
                TestCheckpoint.Tensor(scale.Name, ElementType.F32, scale.Sizes, Expected(scale, scales, 4)),
                TestCheckpoint.Tensor(norm.Name, ElementType.F32, norm.Sizes, Expected(norm, scales, 4)),
            ]);
        File.WriteAllText(Path.Combine(twin, "config.json"), Config);
        using Checkpoint decoded = ModelWeights.Open(_folder.Path, io);
        using Checkpoint expected = ModelWeights.Open(twin, io);
        Assert.That(decoded.IsDecoded);
        foreach (StoredTensor tensor in expected.Tensors)
            Assert.That(Bytes(decoded.Find(tensor.Spec.Name)!), Is.EqualTo(Bytes(tensor)), tensor.Spec.Name);
        Assert.That(Fingerprint.Of(decoded), Is.EqualTo(Fingerprint.Of(expected)));
    }

    private static TorchView RandomView(Random random, string name, string kind, int count)
    {
        int rank = random.Next(0, 5);
        long[] sizes = [.. Enumerable.Range(0, rank).Select(_ => (long)random.Next(random.Next(20) == 0 ? 0 : 1, 12))];
        long[] strides = new long[rank];
        long distance = 1;
        foreach (int k in Enumerable.Range(0, rank).OrderBy(_ => random.Next()))
        {
            strides[k] = random.Next(6) == 0 ? 0 : distance;
            distance *= Math.Max(1, sizes[k]) + random.Next(2);
        }

        long last = sizes.Zip(strides, (size, stride) => Math.Max(0, size - 1) * stride).Sum();
        while (last >= count)
        {
            int largest = Array.IndexOf(strides, strides.Max());
            sizes[largest] = 1;
            strides[largest] = 1;
            last = sizes.Zip(strides, (size, stride) => Math.Max(0, size - 1) * stride).Sum();
        }

        return new TorchView(name, kind, "s", count, random.NextInt64(count - last), sizes, strides);
    }

    // The definition of a strided view, element by element.
    private static byte[] Expected(TorchView view, byte[] storage, int size)
    {
        long count = view.Sizes.Aggregate(1L, (product, one) => product * one);
        byte[] expected = new byte[count * size];
        for (long k = 0; k < count; k++)
        {
            long rest = k;
            long place = view.First;
            for (int dimension = view.Sizes.Length - 1; dimension >= 0; dimension--)
            {
                place += rest % view.Sizes[dimension] * view.Strides[dimension];
                rest /= view.Sizes[dimension];
            }

            storage.AsSpan((int)(place * size), size).CopyTo(expected.AsSpan((int)(k * size)));
        }

        return expected;
    }

    private void Write(string name, byte[] pickle, params (string Key, byte[] Contents)[] storages) =>
        _folder.Write(name, ZipText.Write(ZipText.Torch(pickle, storages)));
}
