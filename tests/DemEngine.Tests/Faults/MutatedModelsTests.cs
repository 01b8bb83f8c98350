using System.Text;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes.Mixtures;
using DemEngine.ScaleOut;
using DemEngine.Sweeps;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Quantized;
using DemEngine.Tests.ScaleOut;
using DemEngine.Tests.Vocabularies;
using DemEngine.Vocabularies;

namespace DemEngine.Tests.Faults;

/// <summary>A damaged file of a model of another kind, or of a merge in parts, gives a named error or what it says.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MutatedModelsTests
{
    private const string Average = "merge_method: linear\nmodels: [{model: base, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]";

    private const string Scaled = "merge_method: ties\nbase_model: base\nmodels: [{model: a}]\nparameters: {weight: 0.7, density: 0.3, rescale: true, scope: model}";

    private const string Adapter = """
        {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "alpha": 8, "use_rslora": false, "rank_pattern": {"x": 2}, "alpha_pattern": {"(x|y)$": 3.5}, "bias": "none",
         "target_modules": ["x"], "modules_to_save": null, "fan_in_fan_out": false, "base_model_name_or_path": "base", "use_dora": false, "init_lora_weights": true}
        """;

    private const string Mixture = """
        base_model: base
        gate_mode: random
        dtype: bfloat16
        experts_per_token: 1
        seed: 7
        experts:
        - source_model: a
          positive_prompts: [one, "two \u00e9"]
          negative_prompts: [three]
          noise_scale: 0.01
        - {source_model: base, positive_prompts: [two]}
        shared_experts:
        - {source_model: a, positive_prompts: [all], residual_scale: 1e-1}
        """;

    private static readonly string[] Forms =
        ["NF4", "bitsandbytes int8", "gpt-oss", "AWQ", "GPTQ 4 bits, format 1, act-order", "int4 of compressed-tensors, symmetric", "FP8 by ragged blocks of 128 × 128", "NVFP4 of the Model Optimizer", "MXFP8"];

    [Test]
    public void The_configuration_of_an_adapter()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Values.Random("x.weight", ElementType.BF16, [4, 6], 1), Values.Random("z.weight", ElementType.BF16, [4, 3], 1));
        folder.Model("lora", Values.Random("base_model.model.x.lora_A.weight", ElementType.F32, [2, 6], 1), Values.Random("base_model.model.x.lora_B.weight", ElementType.F32, [4, 2], 2));
        File.Move(Path.Combine(folder.PathOf("lora"), "model.safetensors"), Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
        Mutations.Run(21, TokenizerTexts.Bytes(Adapter), contents =>
        {
            File.WriteAllBytes(Path.Combine(folder.PathOf("lora"), "adapter_config.json"), contents);
            using MergePlan plan = folder.Plan("{merge_method: passthrough, models: [{model: base+lora}]}");
        });
    }

    [TestCaseSource(nameof(Forms))]
    public void The_configuration_of_a_quantised_model(string form)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        using var folder = new ModelFolder();
        folder.Model("a", one.Stored);
        byte[] config = TokenizerTexts.Bytes(one.Config ?? "{\"model_type\": \"llama\"}");
        Mutations.Run(22, config, contents =>
        {
            File.WriteAllBytes(Path.Combine(folder.PathOf("a"), "config.json"), contents);
            ReadAll(folder.PathOf("a"));
        });
    }

    [TestCaseSource(nameof(Forms))]
    public void The_header_of_a_quantised_model(string form)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        using var folder = new ModelFolder();
        folder.Model("a", one.Stored);
        if (one.Config is not null)
            folder.File("a", "config.json", one.Config);
        string path = Path.Combine(folder.PathOf("a"), "model.safetensors");
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BitConverter.ToInt64(file);
        Mutations.Run(23, file[8..(8 + header)], contents =>
        {
            File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)contents.Length), .. contents, .. file[(8 + header)..]]);
            ReadAll(folder.PathOf("a"));
        });
    }

    [Test]
    public void A_file_of_llama_cpp()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("m.gguf");
        byte[] file = new GgufFile()
            .Text("general.architecture", "llama")
            .Number("llama.block_count", 1)
            .Number("llama.attention.head_count", 4)
            .Number("llama.attention.head_count_kv", 2)
            .Real("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Number("general.alignment", 32)
            .Texts("tokenizer.ggml.tokens", "<s>", "a", "b")
            .Tensor("blk.0.attn_q.weight", 0, [8, 32], new byte[8 * 32 * 4])
            .Tensor("blk.0.ffn_up.weight", 8, [4, 32], new byte[4 * 34])
            .Tensor("output_norm.weight", 0, [32], new byte[128])
            .Build();
        Mutations.RunBinary(24, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            ReadAll(path);
        });
    }

    [Test]
    public void The_index_of_a_pipeline()
    {
        using var folder = new TempFolder();
        byte[] index = TokenizerTexts.Bytes("""
            {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.35.0", "feature_extractor": [null, null],
             "text_encoder": ["transformers", "CLIPTextModel"], "unet": ["diffusers", "UNet2DConditionModel"], "size": [1, 2]}
            """);
        Mutations.Run(25, index, contents =>
        {
            File.WriteAllBytes(folder.PathOf("model_index.json"), contents);
            foreach (ListedComponent component in PipelineIndex.Read(folder.Path))
                Assert.That(Path.GetFileName(component.Name), Is.EqualTo(component.Name).And.Not.Empty, "it is the name of a folder here");
        });
    }

    [TestCase("vocab.json", """{"<s>": 0, "a": 1, "b": 2, "\u00e9": 3}""")]
    [TestCase("added_tokens.json", """{"<s>": 4, "é": 5}""")]
    [TestCase("vocab.txt", "[PAD]\n[UNK]\nthe\né\n")]
    [TestCase("tokenizer_config.json", """{"added_tokens_decoder": {"0": {"content": "<s>", "special": true}, "3": {"content": "c"}}, "chat_template": [{"name": "default", "template": "{{ x }}"}]}""")]
    public void An_older_vocabulary(string name, string text)
    {
        Mutations.Run(26, TokenizerTexts.Bytes(text), contents =>
        {
            var files = new Dictionary<string, byte[]> { ["merges.txt"] = TokenizerTexts.Bytes("a b") };
            if (name is "added_tokens.json" or "tokenizer_config.json")
                files["vocab.json"] = TokenizerTexts.Bytes("""{"a": 0, "b": 1}""");
            files[name] = contents;
            VocabularyReader.Read(files, "m");
            TokenizerSettings.Parse(files, name == "vocab.txt" ? "none" : name, "m");
            ChatTemplateFiles.Find(files, "m");
        });
    }

    [Test]
    public void A_recipe_for_a_mixture() => Mutations.Run(27, TokenizerTexts.Bytes(Mixture), contents =>
    {
        MixtureRecipe recipe = MixtureReader.Parse(Encoding.UTF8.GetString(contents), "r.yaml");
        Assert.That(recipe.Experts, Is.Not.Empty);
    });

    [Test]
    public void The_manifest_of_a_model_that_is_verified()
    {
        using ModelFolder folder = Family();
        folder.Merge(Average, "merged");
        string path = folder.PathOf("merged/dem-manifest.json");
        byte[] file = File.ReadAllBytes(path);
        Mutations.Run(28, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            Verification.Run(folder.PathOf("merged"), new RunOptions { Threads = 1, Io = IoMode.Pread });
        });
    }

    [Test]
    public void The_index_of_a_model_in_shards()
    {
        using ModelFolder folder = Family();
        folder.Merge(Average, "merged", new RunOptions { MaxShardBytes = 30 });
        string path = folder.PathOf("merged/model.safetensors.index.json");
        byte[] file = File.ReadAllBytes(path);
        Mutations.Run(29, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            using var checkpoint = Checkpoint.Open(folder.PathOf("merged"), IoMode.Pread);
            Fingerprint.Of(checkpoint);
        });
    }

    [Test]
    public void A_plan_of_a_merge_in_parts()
    {
        using ModelFolder folder = Family();
        var merge = new PlannedMerge(folder, Average, parts: 2);
        byte[] file = File.ReadAllBytes(merge.Plan);
        string path = folder.PathOf("mutated.plan");
        Mutations.Run(30, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            try
            {
                PartitionedPlan.Read(path).Join(new RunOptions { Threads = 1 });
                Assert.Fail("no part is there");
            }
            catch (DemException e) when (e.Code == ErrorCode.PartsMissing)
            {
                // As it is without any damage.
            }
        });
    }

    /// <summary>What other parts take from a record goes into the output, so that a damaged one may not count.</summary>
    [Test]
    public void The_record_of_a_part()
    {
        using ModelFolder folder = Family();
        var merge = new PlannedMerge(folder, Average, parts: 1);
        merge.Make(0);
        Record(31, merge.Part(0, PartRecord.FileName), () => PartRecord.Read(merge.Part(0)) is not null);
    }

    [Test]
    public void What_a_part_measured()
    {
        using ModelFolder folder = Family();
        var merge = new PlannedMerge(folder, Scaled, parts: 1);
        merge.Measure(0);
        string measured = Path.Combine(merge.Parts, "measure-00000");
        Record(32, Path.Combine(measured, "dem-measured.json"), () => MeasureRecord.Read(measured) is not null);
    }

    [Test]
    public void The_table_of_a_sweep()
    {
        using ModelFolder folder = Family();
        folder.Merge(Average, "one");
        string path = folder.PathOf(SweepTable.JsonFileName);
        byte[] file = TokenizerTexts.Bytes("""
            {"schema": 1, "merges": [{"folder": "one", "parameters": {"lambda": 0.5, "models[0].weight": 1e-3}}, {"folder": "none", "parameters": {}}]}
            """);
        int kept = 0;
        Mutations.Run(33, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            SweepTable.Write(folder.Path, []);
            kept += File.ReadAllText(folder.PathOf(SweepTable.CsvFileName)).Contains("\r\none,", StringComparison.Ordinal) ? 1 : 0;
        }, isEverRefused: false);
        Assert.That(kept, Is.GreaterThan(1).And.LessThan(Mutations.Count));
    }

    private static void Record(int seed, string path, Func<bool> counts)
    {
        byte[] file = File.ReadAllBytes(path);
        Mutations.Run(seed, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            Assert.That(counts(), Is.EqualTo(contents.AsSpan().SequenceEqual(file)));
        }, isEverRefused: false);
    }

    private static ModelFolder Family()
    {
        var folder = new ModelFolder();
        foreach (string model in new[] { "base", "a" })
        {
            folder.Model(
                    model,
                    Values.Random("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [3, 4], model.Length),
                    Values.Random("model.layers.1.mlp.up_proj.weight", ElementType.BF16, [3, 4], 7 + model.Length))
                .File(model, "config.json", """{"model_type": "llama", "num_hidden_layers": 2}""");
        }

        return folder;
    }

    private static void ReadAll(string path)
    {
        using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(path, IoMode.Pread));
        foreach (StoredTensor tensor in decoded.Tensors.Where(tensor => tensor.Spec.ByteLength < 1 << 20))
        {
            using var scratch = new NativeBuffer((int)Math.Max(1, tensor.Spec.ByteLength));
            _ = tensor.Read(0, (int)tensor.Spec.UnitCount, scratch.Bytes);
        }

        Fingerprint.Of(decoded);
    }
}
