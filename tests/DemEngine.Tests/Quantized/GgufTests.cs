using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Quantized;

/// <summary>GGUF files as inputs: every block format, the names and orders of architectures, and files that are not sound.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GgufTests
{
    private const int Rows = 16, Columns = 512;

    private static IEnumerable<string> Formats => BlockReference.All.Select(format => format.Name);

    [TestCaseSource(nameof(Formats))]
    public void Every_block_format_has_the_values_of_its_definition(string name)
    {
        var format = BlockReference.All.Single(one => one.Name == name);
        (byte[] data, float[] values) = Blocks(format, Rows * Columns / format.Elements, seed: 3);
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.PathOf("m.gguf"), Llama().Tensor("blk.0.ffn_up.weight", format.Number, [Rows, Columns], data).Build());
        foreach (IoMode io in new[] { IoMode.Mmap, IoMode.Pread })
        {
            using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("m.gguf"), io));
            StoredTensor tensor = decoded.Find("model.layers.0.mlp.up_proj.weight")!;
            var random = new Random(2);
            using var scratch = new NativeBuffer(values.Length * sizeof(float));
            for (int k = 0; k < 30; k++)
            {
                int first = k == 0 ? 0 : random.Next(values.Length);
                int count = k == 0 ? values.Length : 1 + random.Next(Math.Min(values.Length - first, 700));
                float[] actual = MemoryMarshal.Cast<byte, float>(tensor.Read(first, count, scratch.Bytes).Bytes.Span).ToArray();
                Assert.That(actual, Is.EqualTo(values[first..(first + count)]), $"{io}: {count} elements from {first} on");
            }
        }
    }

    [TestCase("llama", "mlp.up_proj.weight", "ffn_up.weight")]
    [TestCase("llama", "mlp.gate_proj.weight", "ffn_gate.weight")]
    [TestCase("llama", "mlp.down_proj.weight", "ffn_down.weight")]
    [TestCase("llama", "self_attn.v_proj.weight", "attn_v.weight")]
    [TestCase("llama", "self_attn.o_proj.weight", "attn_output.weight")]
    [TestCase("llama", "block_sparse_moe.gate.weight", "ffn_gate_inp.weight")]
    [TestCase("llama", "block_sparse_moe.experts.3.w2.weight", "ffn_down.3.weight")]
    [TestCase("qwen3", "self_attn.q_proj.weight", "attn_q.weight")]
    [TestCase("qwen3moe", "mlp.gate.weight", "ffn_gate_inp.weight")]
    public void Tensors_have_the_names_of_Hugging_Face(string architecture, string name, string inFile)
    {
        byte[] data = Floats(8 * 32, 1);
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.PathOf("m.gguf"), Llama(architecture).Tensor($"blk.7.{inFile}", 0, [8, 32], data).Build());
        using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("m.gguf")));
        StoredTensor tensor = decoded.Find($"model.layers.7.{name}")!;
        using var scratch = new NativeBuffer(data.Length);
        Assert.That(tensor.Read(0, 8 * 32, scratch.Bytes).Bytes.Span.ToArray(), Is.EqualTo(data));
    }

    [TestCase("attn_q.weight", "q_proj", 4)]
    [TestCase("attn_k.weight", "k_proj", 2)]
    public void Queries_and_keys_of_llama_get_their_rows_back(string inFile, string name, int heads)
    {
        // llama.cpp's converter: reshape(heads, 2, rows / heads / 2, columns), with the second and third dimension exchanged.
        float[] rows = [.. Enumerable.Range(0, 16 * 32).Select(i => (float)i)];
        int half = 16 / heads / 2;
        byte[] file = new byte[rows.Length * sizeof(float)];
        for (int row = 0; row < 16; row++)
        {
            var (head, within) = Math.DivRem(row, 2 * half);
            int place = (head * 2 * half) + (within % half * 2) + (within / half);
            MemoryMarshal.AsBytes(rows.AsSpan(row * 32, 32)).CopyTo(file.AsSpan(place * 128));
        }

        using var folder = new TempFolder();
        File.WriteAllBytes(folder.PathOf("m.gguf"), Llama().Tensor($"blk.0.{inFile}", 0, [16, 32], file).Build());
        using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("m.gguf")));
        using var scratch = new NativeBuffer(file.Length);
        StoredTensor tensor = decoded.Find($"model.layers.0.self_attn.{name}.weight")!;
        Assert.That(MemoryMarshal.Cast<byte, float>(tensor.Read(0, 16 * 32, scratch.Bytes).Bytes.Span).ToArray(), Is.EqualTo(rows));
        Assert.That(MemoryMarshal.Cast<byte, float>(tensor.Read(75, 300, scratch.Bytes).Bytes.Span).ToArray(), Is.EqualTo(rows[75..375]));
    }

    [Test]
    public void Experts_in_one_tensor_become_a_tensor_each_and_norms_of_gemma_lose_their_one()
    {
        byte[] stacked = Floats(3 * 4 * 32, 2);
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.PathOf("moe.gguf"), Llama().Tensor("blk.0.ffn_gate_exps.weight", 0, [3, 4, 32], stacked).Build());
        using (Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("moe.gguf"))))
        {
            using var scratch = new NativeBuffer(stacked.Length);
            StoredTensor last = decoded.Find("model.layers.0.block_sparse_moe.experts.2.w1.weight")!;
            Assert.That(last.Read(0, 128, scratch.Bytes).Bytes.Span.ToArray(), Is.EqualTo(stacked[1024..]));
            JsonObject config = JsonNode.Parse(decoded.ReadSideFiles().Files["config.json"])!.AsObject();
            Assert.That((string?)config["model_type"], Is.EqualTo("mixtral"));
        }

        byte[] norm = MemoryMarshal.AsBytes<float>(new[] { 1.5f, 0.75f, 1, 3 }).ToArray();
        File.WriteAllBytes(folder.PathOf("gemma.gguf"), Llama("gemma2").Tensor("blk.0.post_ffw_norm.weight", 0, [4], norm).Build());
        using Checkpoint gemma = DecodedModel.Of(Checkpoint.Open(folder.PathOf("gemma.gguf")));
        using var room = new NativeBuffer(16);
        float[] read = MemoryMarshal.Cast<byte, float>(gemma.Find("model.layers.0.post_feedforward_layernorm.weight")!.Read(0, 4, room.Bytes).Bytes.Span).ToArray();
        Assert.That(read, Is.EqualTo(new[] { 0.5f, -0.25f, 0, 2 }));
    }

    [Test]
    public void A_GGUF_file_merges_with_a_safetensors_model_to_the_bytes_of_its_twin()
    {
        using ModelFolder folder = new();
        var format = BlockReference.All.Single(one => one.Name == "Q6_K");
        (byte[] data, float[] values) = Blocks(format, 32, seed: 4);
        (TensorSpec, byte[]) up = ("model.layers.0.mlp.up_proj.weight", values) is var (name, all)
            ? TestCheckpoint.Tensor(name, ElementType.F32, [16, 512], MemoryMarshal.AsBytes<float>(all).ToArray())
            : default;
        (TensorSpec, byte[]) norm = TestCheckpoint.Tensor("model.norm.weight", ElementType.F32, [512], Floats(512, 5));
        folder.Model("twin", norm, up)
            .Model("base", Values.Random("model.norm.weight", ElementType.BF16, [512], 1), Values.Random("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [16, 512], 2));
        File.WriteAllBytes(
            folder.PathOf("m.gguf"),
            Llama().Tensor("blk.0.ffn_up.weight", format.Number, [16, 512], data).Tensor("output_norm.weight", 0, [512], norm.Item2).Build());
        const string recipe = "merge_method: task_arithmetic\nbase_model: base\nmodels: [{model: m.gguf, parameters: {weight: 0.5}}]";
        folder.Merge(recipe, "out");
        folder.Merge(recipe.Replace("m.gguf", "twin", StringComparison.Ordinal), "expected");
        Assert.That(folder.Files("out")["model.safetensors"], Is.EqualTo(folder.Files("expected")["model.safetensors"]));

        folder.Merge("merge_method: linear\nmodels: [{model: m.gguf, parameters: {weight: 1}}]", "alone");
        JsonObject config = JsonNode.Parse(folder.Files("alone")["config.json"])!.AsObject();
        Assert.That((int?)config["num_attention_heads"], Is.EqualTo(4));
        Assert.That((double?)config["rms_norm_eps"], Is.EqualTo(1e-5));
    }

    [Test]
    public void A_model_in_several_files_is_read_from_any_of_them()
    {
        using var folder = new TempFolder();
        byte[] data = Floats(32, 1);
        File.WriteAllBytes(folder.PathOf("m-00001-of-00002.gguf"), Llama().Tensor("output_norm.weight", 0, [32], data).Build());
        File.WriteAllBytes(folder.PathOf("m-00002-of-00002.gguf"), new GgufFile().Tensor("blk.0.attn_norm.weight", 0, [32], data).Build());
        foreach (string path in new[] { folder.Path, folder.PathOf("m-00001-of-00002.gguf"), folder.PathOf("m-00002-of-00002.gguf") })
        {
            using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(path));
            Assert.That(decoded.Tensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(new[] { "model.norm.weight", "model.layers.0.input_layernorm.weight" }));
        }

        File.WriteAllBytes(folder.PathOf("other.gguf"), []);
        DemException several = Failing.With(ErrorCode.CheckpointNotFound, () => Checkpoint.Open(folder.Path).Dispose());
        Assert.That(several.Message, Does.Contain("other.gguf"));
        Assert.That(several.Remedy, Does.Contain("Give the file"));
        File.Delete(folder.PathOf("m-00001-of-00002.gguf"));
        Failing.With(ErrorCode.MissingShard, () => Checkpoint.Open(folder.PathOf("m-00002-of-00002.gguf")).Dispose());
    }

    [Test]
    public void A_file_cut_or_changed_anywhere_is_read_or_refused_by_name()
    {
        var format = BlockReference.All[0];
        (byte[] data, _) = Blocks(format, 16, seed: 1);
        byte[] sound = Llama().Texts("tokenizer.ggml.tokens", "a", "bc").Tensor("blk.0.ffn_up.weight", format.Number, [16, 32], data)
            .Tensor("output_norm.weight", 0, [32], Floats(32, 1)).Build();
        int header = sound.Length - (16 * 18) - 128 - 64;
        using var folder = new TempFolder();
        string path = folder.PathOf("m.gguf");
        var random = new Random(9);
        int refused = 0;
        for (int k = 0; k < 600; k++)
        {
            byte[] bytes = [.. sound];
            if (k % 3 == 0)
                bytes = bytes[..random.Next(sound.Length)];
            else if (k % 3 == 1)
                bytes[4 + random.Next(header)] ^= (byte)(1 << random.Next(8));
            else
                BitConverter.GetBytes(random.NextInt64() >> random.Next(64)).CopyTo(bytes, 4 + random.Next(header));
            File.WriteAllBytes(path, bytes);
            try
            {
                using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(path));
                foreach (StoredTensor tensor in decoded.Tensors)
                {
                    using var scratch = new NativeBuffer(checked((int)tensor.Spec.ByteLength));
                    tensor.Read(0, (int)tensor.Spec.UnitCount, scratch.Bytes);
                }
            }
            catch (DemException e)
            {
                refused++;
                Assert.That(e.Code, Is.Not.SameAs(ErrorCode.Internal), e.ToString());
            }
        }

        Assert.That(refused, Is.GreaterThan(300));
    }

    [Test]
    public void Files_that_are_not_understood_say_so()
    {
        using var folder = new TempFolder();
        void Refuse(ErrorCode code, string said, GgufFile file)
        {
            File.WriteAllBytes(folder.PathOf("m.gguf"), file.Build());
            DemException error = Failing.With(code, () => DecodedModel.Of(Checkpoint.Open(folder.PathOf("m.gguf"))));
            Assert.That(error.Message, Does.Contain(said));
        }

        Refuse(ErrorCode.UnknownGguf, "mamba", Llama("mamba"));
        Refuse(ErrorCode.UnknownGguf, "type 16", Llama().Tensor("output.weight", 16, [1, 256], new byte[66]));
        Refuse(ErrorCode.UnknownGguf, "blk.0.ssm_in.weight", Llama().Tensor("blk.0.ssm_in.weight", 0, [1, 4], new byte[16]));
        Refuse(ErrorCode.BadGguf, "whole blocks", Llama().Tensor("output.weight", 8, [2, 33], new byte[70]));
        Refuse(ErrorCode.BadGguf, "heads", Llama().Tensor("blk.0.attn_q.weight", 0, [6, 4], new byte[96]));
        Refuse(ErrorCode.DuplicateName, "output.weight", Llama().Tensor("output.weight", 0, [1, 4], new byte[16]).Tensor("output.weight", 0, [1, 4], new byte[16]));
        Refuse(ErrorCode.BadGguf, "alignment", Llama().Number("general.alignment", 24));
    }

    [Test]
    public void A_header_cut_at_any_byte_is_refused_by_name()
    {
        byte[] sound = Llama().Texts("tokenizer.ggml.tokens", "a", "bc").Tensor("output_norm.weight", 0, [32], Floats(32, 1)).Build();
        for (int length = 0; length < sound.Length; length++)
        {
            DemException e = Assert.Throws<DemException>(() => Read(sound[..length]), $"{length} bytes")!;
            Assert.That(e.Code, Is.Not.SameAs(ErrorCode.Internal));
        }
    }

    [Test]
    public void Metadata_that_no_model_has_are_refused_by_name()
    {
        void Refuse(string said, GgufFile file) =>
            Assert.That(Failing.With(ErrorCode.BadGguf, () => Read(file.Build())).Message, Does.Contain(said));
        byte[] nested = [.. Enumerable.Range(0, 100).SelectMany(_ => (byte[])[.. BitConverter.GetBytes(9u), .. BitConverter.GetBytes(1ul)])];
        Refuse("array of arrays", Llama().Value("x", 9, nested));
        Refuse("alignment", Llama().Number("general.alignment", 0));
        Refuse("alignment", Llama().Number("general.alignment", 3));
        Refuse("alignment", Llama().Text("general.alignment", "32"));
        Refuse("alignment", Llama().Value("general.alignment", 10, BitConverter.GetBytes(ulong.MaxValue)));
        Refuse("length", Llama().Value("x", 8, BitConverter.GetBytes(1ul << 40)));
        Refuse("length", Llama().Value("x", 9, [.. BitConverter.GetBytes(4u), .. BitConverter.GetBytes(1ul << 30)]));
        Refuse("unknown type", Llama().Value("x", 99, new byte[8]));
        Refuse("twice", Llama().Text("general.architecture", "llama"));

        // 2^63 − 1 heads, whose double is negative.
        GgufFile heads = new GgufFile().Text("general.architecture", "llama")
            .Value("llama.attention.head_count", 10, BitConverter.GetBytes(long.MaxValue));
        Refuse("heads", heads.Tensor("blk.0.attn_q.weight", 0, [8, 4], new byte[128]));
        Refuse("experts", Llama().Tensor("blk.0.ffn_up_exps.weight", 0, [10_000, 1], new byte[40_000]));
        Refuse("dimensions", Llama().Tensor("output.weight", 0, [1, 1, 1, 1, 1], new byte[4]));
        Refuse("[4611686018427387904, 4]", Llama().Tensor("output.weight", 0, [1L << 62, 4], new byte[16]));
        Refuse("[0, 4]", Llama().Tensor("output.weight", 0, [0, 4], []));
        Refuse("overlap", Llama().Tensor("output.weight", 0, [8, 4], new byte[128], offset: 0).Tensor("output_norm.weight", 0, [4], new byte[16], offset: 32));
        Refuse("beyond", Llama().Tensor("output.weight", 0, [1, 4], new byte[16], offset: 1 << 20));
        Refuse("aligned", Llama().Tensor("output.weight", 0, [1, 4], new byte[16], offset: 4));

        // The old and the new way of storing experts, both.
        DemException twice = Assert.Throws<DemException>(() => Read(Llama()
            .Tensor("blk.0.ffn_up_exps.weight", 0, [2, 4, 4], new byte[128]).Tensor("blk.0.ffn_up.1.weight", 0, [4, 4], new byte[64]).Build()))!;
        Assert.That(twice.Code, Is.SameAs(ErrorCode.DuplicateName));
        Assert.That(() => Read(Llama().Value("llama.rope.freq_base", 6, BitConverter.GetBytes(float.NaN)).Build()), Throws.Nothing);
    }

    [Test]
    public void One_tensor_in_two_files_of_a_model_is_refused_by_name()
    {
        using var folder = new TempFolder();
        byte[] data = Floats(32, 1);
        File.WriteAllBytes(folder.PathOf("m-00001-of-00002.gguf"), Llama().Tensor("output_norm.weight", 0, [32], data).Build());
        File.WriteAllBytes(folder.PathOf("m-00002-of-00002.gguf"), new GgufFile().Tensor("output_norm.weight", 0, [32], data).Build());
        Failing.With(ErrorCode.DuplicateName, () => DecodedModel.Of(Checkpoint.Open(folder.Path)).Dispose());
    }

    private static void Read(byte[] bytes)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.PathOf("m.gguf"), bytes);
        using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("m.gguf")));
        foreach (StoredTensor tensor in decoded.Tensors)
        {
            using var scratch = new NativeBuffer(checked((int)tensor.Spec.ByteLength));
            tensor.Read(0, (int)tensor.Spec.UnitCount, scratch.Bytes);
        }
    }

    private static GgufFile Llama(string architecture = "llama") => new GgufFile()
        .Text("general.architecture", architecture)
        .Number($"{architecture}.block_count", 8)
        .Number($"{architecture}.attention.head_count", 4)
        .Number($"{architecture}.attention.head_count_kv", 2)
        .Real($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f);

    private static byte[] Floats(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).SelectMany(_ => BitConverter.GetBytes((float)random.NextDouble()))];
    }

    private static (byte[] Data, float[] Values) Blocks(
        (uint Number, string Name, int Elements, int Bytes, int[] Halves, Func<byte[], int, float> Value) format, int count, int seed)
    {
        var random = new Random(seed);
        byte[] data = new byte[count * format.Bytes];
        var values = new float[count * format.Elements];
        for (int k = 0; k < count; k++)
        {
            byte[] block = new byte[format.Bytes];
            random.NextBytes(block);
            foreach (int at in format.Halves)
                BitConverter.GetBytes((Half)(random.NextDouble() - 0.5)).CopyTo(block, at);
            if (format.Halves.Length == 0)
                block[0] = (byte)random.Next(100, 140);
            block.CopyTo(data, k * format.Bytes);
            for (int i = 0; i < format.Elements; i++)
                values[(k * format.Elements) + i] = format.Value(block, i);
        }

        return (data, values);
    }
}
