using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Tests.ScaleOut;

/// <summary>Whatever a merge does and however often it is cut, the files that are joined are those of a merge in one run.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SameBytesInPartsTests
{
    private const int MoreThanTensors = 20;

    private static readonly Dictionary<string, string> Recipes = new()
    {
        ["dem"] = AwkwardFamily.Dem,
        ["linear"] = AwkwardFamily.Linear,
        ["slerp"] = AwkwardFamily.Slerp,
        ["ties"] = Recipe("ties", "weight: 0.7, density: 0.3"),
        ["dare_ties"] = Recipe("dare_ties", "weight: 0.7, density: 0.3"),
        ["over the model"] = Recipe("ties", "weight: 0.7, density: 0.3, rescale: true, scope: model"),
        ["over layers"] = Recipe("breadcrumbs", "weight: 0.7, density: 0.5, gamma: 0.1, rescale: true, scope: layer"),
        ["by columns"] = Recipe("model_stock", "filter_wise: true"),
        ["slices"] = """
            merge_method: passthrough
            slices:
              - sources: [{model: base, layer_range: [0, 2]}]
              - sources: [{model: far, layer_range: [2, 3]}]
            """,
    };

    private AwkwardFamily _family = null!;

    private static IEnumerable<string> Names => Recipes.Keys;

    [OneTimeSetUp]
    public void WriteTheFamily()
    {
        _family = new AwkwardFamily();
        foreach (var (name, recipe) in Recipes)
            _family.Folder.Merge(recipe, name, new RunOptions { MaxShardBytes = 900_000 });
    }

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [Test]
    public void Of_every_method_for_every_number_of_parts(
        [ValueSource(nameof(Names))] string name, [Values(1, 3, 8, MoreThanTensors)] int parts)
    {
        string output = $"{name} in {parts}";
        var merge = new PlannedMerge(_family.Folder, Recipes[name], parts, output, new RunOptions { Threads = 2, MaxShardBytes = 900_000 });
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame(name);
    }

    [TestCase(3)]
    [TestCase(MoreThanTensors)]
    public void Of_one_shard_that_all_parts_share(int parts)
    {
        string output = $"one shard in {parts}";
        if (!Directory.Exists(_family.Folder.PathOf("one shard")))
            _family.Folder.Merge(AwkwardFamily.Dem, "one shard");
        var merge = new PlannedMerge(_family.Folder, AwkwardFamily.Dem, parts, output);
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame("one shard");
    }

    [Test]
    public void Statistics_of_layers_are_measured_only_where_a_part_has_tensors_of_them()
    {
        // What is measured over the whole model every part has to read.
        Assert.That(ReadInThreeParts("over layers"), Is.LessThan(0.9 * ReadInThreeParts("over the model")));
    }

    [Test]
    public void Of_a_union_of_tokenizers()
    {
        using var folder = new ModelFolder();
        foreach (var (model, tokens) in new[] { ("base", new[] { "<s>", "a", "b", "c" }), ("x", ["a", "<s>", "d", "c", "e"]) })
        {
            folder.Model(
                    model,
                    Values.Random("model.embed_tokens.weight", ElementType.BF16, [tokens.Length, 5], tokens.Length),
                    Values.Random("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [3, 5], tokens.Length),
                    Values.Random("lm_head.weight", ElementType.BF16, [tokens.Length, 5], tokens.Length + 1))
                .File(model, "config.json", $$"""{"vocab_size": {{tokens.Length}}}""")
                .File(model, "tokenizer.json", TokenizerTexts.Bpe(tokens));
        }

        const string Union = "merge_method: linear\nbase_model: base\ntokenizer_source: union\nmodels: [{model: base, parameters: {weight: 0.5}}, {model: x, parameters: {weight: 0.5}}]";
        folder.Merge(Union, "whole");
        var merge = new PlannedMerge(folder, Union, 3);
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame("whole");
    }

    [TestCase("fp8_block", 2)]
    [TestCase("fp8_block", 5)]
    [TestCase("fp8", 9)]
    public void Of_quantised_outputs_whose_codes_and_scales_are_in_different_parts(string form, int parts)
    {
        (TensorSpec, byte[])[] tensors =
        [
            Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 2, 3, 4),
            Values.Random("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [384, 256], 1),
            Values.Random("model.layers.0.mlp.down_proj.weight", ElementType.BF16, [256, 384], 2),
            Values.Random("lm_head.weight", ElementType.BF16, [128, 256], 4),
        ];
        using ModelFolder folder = new ModelFolder().Model("base", tensors)
            .Model("a", [.. tensors.Select(tensor => Values.Moved(tensor, 9, ElementType.BF16))])
            .File("base", "config.json", """{"model_type": "llama", "dtype": "bfloat16"}""");
        string recipe = $"merge_method: task_arithmetic\nbase_model: base\nmodels: [{{model: a}}]\nparameters: {{weight: 0.7}}\nout_dtype: {form}\n";
        folder.Merge(recipe, "whole");
        var merge = new PlannedMerge(folder, recipe, parts);
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame("whole");
    }

    /// <summary>How much more three parts read than one.</summary>
    private double ReadInThreeParts(string name)
    {
        long alone = new PlannedMerge(_family.Folder, Recipes[name], 1, $"{name} alone").Make(0).BytesRead;
        var apart = new PlannedMerge(_family.Folder, Recipes[name], 3, $"{name} apart");
        return Enumerable.Range(0, 3).Sum(part => apart.Make(part).BytesRead) / (double)alone;
    }

    private static string Recipe(string method, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n  - model: a\n  - model: b\n";
}
