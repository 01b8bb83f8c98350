using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Memory;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Quantized;

/// <summary>GGUF files that are written, read again, and compared with an encoder that is written apart.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GgufOutputTests
{
    private const string Query = "model.layers.0.self_attn.q_proj.weight";
    private const string Down = "model.layers.0.mlp.down_proj.weight";
    private const string Norm = "model.norm.weight";
    private const string Convert = "merge_method: passthrough\nmodels: [{model: a}]\nout_dtype: ";
    private const string Config = """
        {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64,"intermediate_size":48,"num_hidden_layers":1,
        "num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":128,"rms_norm_eps":1e-6,"rope_theta":10000.0}
        """;

    private const string Tokenizer = """
        {"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},
        "added_tokens":[{"id":3,"content":"<s>","special":true}],"pre_tokenizer":{"type":"ByteLevel","use_regex":true}}
        """;

    [TestCase("q8_0", 254)]
    [TestCase("q4_0", 8)]
    public void What_is_written_is_read_back_within_the_error_of_its_blocks(string form, int parts)
    {
        using ModelFolder folder = Model();
        Write(folder, form, "m.gguf");
        foreach (string name in new[] { Query, "model.layers.0.self_attn.k_proj.weight", "model.embed_tokens.weight" })
        {
            double[] plain = folder.Values("a", name);
            float[] read = Read(folder, "m.gguf", name);
            for (int k = 0; k < plain.Length; k++)
            {
                // The scale is rounded to 11 bits, which counts as often as the largest code; the result is read as BF16.
                double most = plain.Skip(k / 32 * 32).Take(32).Max(Math.Abs);
                Assert.That(read[k], Is.EqualTo(plain[k]).Within((most / parts) + (most / 100)), $"{name} {k}");
            }
        }

        Assert.That(Read(folder, "m.gguf", Norm).Select(value => (double)value), Is.EqualTo(folder.Values("a", Norm)));
    }

    [Test]
    public void Blocks_of_eight_bits_are_those_of_the_definition()
    {
        using ModelFolder folder = Model();
        Write(folder, "q8_0", "m.gguf");
        using var file = Checkpoint.Open(folder.PathOf("m.gguf"));
        StoredTensor stored = file.Find("token_embd.weight")!;
        using var scratch = new NativeBuffer((int)stored.Spec.UnitCount);
        byte[] blocks = stored.Read(0, (int)stored.Spec.UnitCount, scratch.Bytes).Bytes.Span.ToArray();
        double[] plain = folder.Values("a", "model.embed_tokens.weight");
        byte[] expected = [.. plain.Chunk(32).SelectMany(block =>
        {
            float most = block.Max(value => Math.Abs((float)value));
            float inverse = 1 / (most / 127);
            byte[] scale = new byte[2];
            BinaryPrimitives.WriteHalfLittleEndian(scale, (Half)(most / 127));
            return scale.Concat(block.Select(value =>
            {
                float scaled = (float)value * inverse;
                return (byte)(sbyte)(Math.Sign(scaled) * (int)Math.Floor(Math.Abs((double)scaled) + 0.5));
            }));
        })];
        Assert.That(blocks, Is.EqualTo(expected));
    }

    [Test]
    public void Rows_that_are_no_whole_blocks_are_in_F16_and_named()
    {
        using ModelFolder folder = Model();
        IReadOnlyList<string> remarks = Write(folder, "q8_0", "m.gguf");
        Assert.That(remarks, Has.Some.Contains("in F16").And.Contains(Down));
        Assert.That(
            Read(folder, "m.gguf", Down).Select(value => (double)value),
            Is.EqualTo(folder.Values("a", Down)).Within(0.004));
    }

    [Test]
    public void Bytes_do_not_depend_on_threads()
    {
        using ModelFolder folder = Model();
        Write(folder, "q4_0", "1/m.gguf", new RunOptions { Threads = 1 });
        Write(folder, "q4_0", "3/m.gguf", new RunOptions { Threads = 3 });
        Assert.That(File.ReadAllBytes(folder.PathOf("1/m.gguf")), Is.EqualTo(File.ReadAllBytes(folder.PathOf("3/m.gguf"))));
        Write(folder, "q4_0", "direct/m.gguf", new RunOptions { Io = IoMode.Direct });
        Assert.That(File.ReadAllBytes(folder.PathOf("1/m.gguf")), Is.EqualTo(File.ReadAllBytes(folder.PathOf("direct/m.gguf"))));
    }

    [Test]
    public void What_no_file_can_be_written_of_is_refused_before_it_begins()
    {
        using ModelFolder folder = Model();
        void Refused(ErrorCode code, string said, string path = "x.gguf")
        {
            DemException e = Assert.Throws<DemException>(() => Write(folder, "q8_0", path))!;
            Assert.That(e.Code, Is.EqualTo(code));
            Assert.That(e.Message, Does.Contain(said));
            Assert.That(File.Exists(folder.PathOf(path)), Is.False);
        }

        Refused(ErrorCode.BadArgument, "ends in .gguf", "x.bin");
        folder.File("a", "config.json", Config.Replace("\"llama\"", "\"falcon\"", StringComparison.Ordinal));
        Refused(ErrorCode.NotForGguf, "falcon");
        File.Delete(folder.PathOf("a/config.json"));
        Refused(ErrorCode.NotForGguf, "config.json");
        folder.File("a", "config.json", Config);
        folder.File("a", "tokenizer.json", Tokenizer.Replace("ByteLevel", "Whitespace", StringComparison.Ordinal));
        Refused(ErrorCode.TokenizerNotForGguf, "splits text");
        File.Delete(folder.PathOf("a/tokenizer.json"));
        Refused(ErrorCode.TokenizerNotForGguf, "no tokenizer.json");
        Assert.That(
            Assert.Throws<DemException>(() => folder.Merge($"{Convert}q8_0"))!.Message, Does.Contain("not a folder"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Experts_are_stacked_whether_a_model_has_them_one_by_one_or_together(bool isFused)
    {
        const string Block = "model.layers.0.mlp";
        using ModelFolder folder = Model();
        const int Experts = 3, Inside = 48, Hidden = 64;
        var random = new Random(4);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)Math.Round(random.NextDouble() - 0.5, 2))];
        float[][] gates = [.. Enumerable.Range(0, Experts).Select(_ => Numbers(Inside * Hidden))];
        float[][] ups = [.. Enumerable.Range(0, Experts).Select(_ => Numbers(Inside * Hidden))];
        float[][] downs = [.. Enumerable.Range(0, Experts).Select(_ => Numbers(Hidden * Inside))];
        (TensorSpec, byte[]) F32(string name, long[] shape, params IEnumerable<float[]> parts) => TestCheckpoint.Tensor(
            name, ElementType.F32, shape, MemoryMarshal.AsBytes<float>(parts.SelectMany(part => part).ToArray()).ToArray());
        IEnumerable<(TensorSpec, byte[])> experts = isFused
            ?
            [
                F32($"{Block}.experts.gate_up_proj", [Experts, 2 * Inside, Hidden], gates.Zip(ups).SelectMany(pair => new[] { pair.First, pair.Second })),
                F32($"{Block}.experts.down_proj", [Experts, Hidden, Inside], downs),
            ]
            : Enumerable.Range(0, Experts).SelectMany(k => new[]
            {
                F32($"{Block}.experts.{k}.gate_proj.weight", [Inside, Hidden], gates[k]),
                F32($"{Block}.experts.{k}.up_proj.weight", [Inside, Hidden], ups[k]),
                F32($"{Block}.experts.{k}.down_proj.weight", [Hidden, Inside], downs[k]),
            });
        float[] router = Numbers(Experts * Hidden);
        float[] head = Numbers(6 * Hidden);
        folder.Model("a", [F32("model.embed_tokens.weight", [6, Hidden], head), F32($"{Block}.gate.weight", [Experts, Hidden], router), .. experts]);
        folder.File("a", "config.json", Config
            .Replace("\"llama\"", "\"qwen3_moe\",\"num_experts\":3,\"num_experts_per_tok\":2,\"moe_intermediate_size\":48", StringComparison.Ordinal));
        Write(folder, "gguf_f16", "m.gguf");
        float[] Halves(float[] values) => [.. values.Select(value => (float)(Half)value)];
        for (int k = 0; k < Experts; k++)
        {
            Assert.That(Read(folder, "m.gguf", $"{Block}.experts.{k}.gate_proj.weight"), Is.EqualTo(Halves(gates[k])));
            Assert.That(Read(folder, "m.gguf", $"{Block}.experts.{k}.up_proj.weight"), Is.EqualTo(Halves(ups[k])));
            Assert.That(Read(folder, "m.gguf", $"{Block}.experts.{k}.down_proj.weight"), Is.EqualTo(Halves(downs[k])));
        }

        using var file = Checkpoint.Open(folder.PathOf("m.gguf"));
        Assert.That(file.Find("blk.0.ffn_gate_inp.weight")!.Spec.Type, Is.EqualTo(ElementType.F32));
        Assert.That(file.Find("blk.0.ffn_up_exps.weight")!.Spec.Shape.Dimensions, Is.EqualTo(new long[] { Experts, Inside, Hidden }));
        Assert.That(file.GgufHeaders[0].Number("qwen3moe.expert_used_count"), Is.EqualTo(2));

        folder.File("a", "config.json", Config
            .Replace("\"llama\"", "\"qwen3_moe\",\"num_experts\":4,\"num_experts_per_tok\":2", StringComparison.Ordinal));
        DemException e = Assert.Throws<DemException>(() => Write(folder, "gguf_f16", "x.gguf"))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.NotForGguf));
        Assert.That(e.Message, Does.Contain("experts"));
    }

    [Test]
    public void Yarn_has_what_differs_from_the_papers_defaults()
    {
        using ModelFolder folder = Model();
        void Scaled(string more) => folder.File("a", "config.json", Config.Replace(
            "\"rope_theta\":10000.0", "\"rope_parameters\":{\"rope_type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":32" + more + "}", StringComparison.Ordinal));
        IReadOnlyList<string> remarks = [];
        Checkpoint Written(string path)
        {
            remarks = Write(folder, "gguf_bf16", path);
            return Checkpoint.Open(folder.PathOf(path));
        }

        Scaled("");
        using (Checkpoint plain = Written("plain.gguf"))
        {
            Assert.That(plain.GgufHeaders[0].Text("llama.rope.scaling.type"), Is.EqualTo("yarn"));
            Assert.That(plain.GgufHeaders[0].Number("llama.rope.scaling.original_context_length"), Is.EqualTo(32));
            Assert.That(plain.GgufHeaders[0].Real("llama.rope.scaling.attn_factor"), Is.Null);
            Assert.That(remarks, Has.None.Contains("yarn"));
        }

        // llama.cpp multiplies by 1 + 0.1 ln 4 itself.
        Scaled(",\"beta_fast\":16,\"beta_slow\":2,\"attention_factor\":0.9");
        using (Checkpoint stated = Written("stated.gguf"))
        {
            Assert.That(stated.GgufHeaders[0].Real("llama.rope.scaling.yarn_beta_fast"), Is.EqualTo(16));
            Assert.That(remarks, Has.Some.Contains("--yarn-beta-fast 16 --yarn-beta-slow 2"));
            Assert.That(stated.GgufHeaders[0].Real("llama.rope.scaling.yarn_beta_slow"), Is.EqualTo(2));
            Assert.That(stated.GgufHeaders[0].Real("llama.rope.scaling.attn_factor"), Is.EqualTo(0.9 / 1.1386294).Within(1e-6));
        }

        Scaled(",\"truncate\":false");
        Assert.That(Assert.Throws<DemException>(() => Written("x.gguf"))!.Code, Is.EqualTo(ErrorCode.NotForGguf));
    }

    // The steps by which models of these names split text, as their tokenizer.json has them.
    [TestCase("gpt-2", """[{"type":"ByteLevel","use_regex":true}]""")]
    [TestCase("smollm", """[{"type":"Digits","individual_digits":true},{"type":"ByteLevel"}]""")]
    [TestCase("qwen2", """
        [{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
        "behavior":"Isolated","invert":false},{"type":"ByteLevel","use_regex":false}]
        """)]
    [TestCase("tekken", """
        [{"type":"Split","pattern":{"Regex":"[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
        "behavior":"Isolated"},{"type":"ByteLevel","use_regex":false}]
        """)]
    [TestCase("deepseek-coder", """
        [{"type":"Split","pattern":{"Regex":"[\r\n]"},"behavior":"Isolated"},{"type":"Split","pattern":{"Regex":"\\s?\\p{L}+"},"behavior":"Isolated"},
        {"type":"Split","pattern":{"Regex":"\\s?\\p{P}+"},"behavior":"Isolated"},{"type":"Split","pattern":{"Regex":"[一-龥ࠀ-一가-퟿]+"},"behavior":"Isolated"},
        {"type":"Digits","individual_digits":true},{"type":"ByteLevel","use_regex":false}]
        """)]
    [TestCase(null, """[{"type":"Digits","individual_digits":false},{"type":"ByteLevel"}]""")]
    [TestCase(null, """[{"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"Removed"},{"type":"ByteLevel"}]""")]
    [TestCase(null, """[{"type":"Split","pattern":"x","behavior":"Isolated"},{"type":"ByteLevel"}]""")]
    [TestCase(null, """[{"type":"Whitespace"}]""")]
    [TestCase(null, "[]")]
    public void How_text_is_split_has_llama_cpps_name(string? name, string steps) => Assert.That(
        GgufPreTokenizer.Of((JsonObject)JsonNode.Parse(
            $$$"""{"pre_tokenizer":{"type":"Sequence","pretokenizers":{{{steps}}}}}""")!),
        Is.EqualTo(name));

    private static ModelFolder Model()
    {
        var random = new Random(3);
        (TensorSpec, byte[]) Tensor(string name, params long[] shape)
        {
            ushort[] values = new ushort[shape.Aggregate((a, b) => a * b)];
            for (int k = 0; k < values.Length; k++)
                values[k] = (ushort)(BitConverter.SingleToUInt32Bits((float)(random.NextDouble() - 0.5)) >> 16);
            return TestCheckpoint.Tensor(name, ElementType.BF16, shape, MemoryMarshal.AsBytes<ushort>(values).ToArray());
        }

        const string Layer = "model.layers.0";
        return new ModelFolder()
            .Model(
                "a",
                Tensor("model.embed_tokens.weight", 6, 64),
                Tensor($"{Layer}.self_attn.q_proj.weight", 64, 64),
                Tensor($"{Layer}.self_attn.k_proj.weight", 32, 64),
                Tensor($"{Layer}.self_attn.v_proj.weight", 32, 64),
                Tensor($"{Layer}.self_attn.o_proj.weight", 64, 64),
                Tensor($"{Layer}.mlp.gate_proj.weight", 48, 64),
                Tensor($"{Layer}.mlp.up_proj.weight", 48, 64),
                Tensor(Down, 64, 48),
                Tensor($"{Layer}.input_layernorm.weight", 64),
                Tensor($"{Layer}.post_attention_layernorm.weight", 64),
                Tensor(Norm, 64))
            .File("a", "config.json", Config)
            .File("a", "tokenizer.json", Tokenizer);
    }

    private static IReadOnlyList<string> Write(ModelFolder folder, string form, string path, RunOptions? options = null)
    {
        using MergePlan plan = folder.Plan($"{Convert}{form}", options);
        return GgufFileRun.Execute(
            plan.Plan, folder.PathOf(path), new CpuBackend(), options ?? new RunOptions(), null, default).Remarks;
    }

    private static float[] Read(ModelFolder folder, string path, string name)
    {
        using Checkpoint model = DecodedModel.Of(Checkpoint.Open(folder.PathOf(path)));
        StoredTensor tensor = model.Find(name)!;
        int count = (int)tensor.Spec.UnitCount;
        using var scratch = new NativeBuffer(count * sizeof(double));
        TypedBytes read = tensor.Read(0, count, scratch.Bytes);
        return [.. Values.Of(read.Type, read.Bytes.Span.ToArray()).Select(value => (float)value)];
    }
}
