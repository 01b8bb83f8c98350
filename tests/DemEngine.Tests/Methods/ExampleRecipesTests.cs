using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Methods;
using DemEngine.Recipes;

namespace DemEngine.Tests.Methods;

/// <summary>The recipes that the documentation shows, run on a tiny family of the models that they name.</summary>
public sealed class ExampleRecipesTests
{
    private ExampleFamily _family = null!;

    private static IEnumerable<string> Examples => Directory.GetFiles(Folder, "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    private static string Folder => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "docs", "recipes"));

    [OneTimeSetUp]
    public void MakeTheFamily() => _family = new ExampleFamily(Examples.Select(Text));

    [OneTimeTearDown]
    public void Dispose() => _family.Dispose();

    [Test]
    public void There_is_one_for_each_method() => Assert.That(MergeMethods.All.Select(method => method.Name), Is.SubsetOf(Examples));

    [Test]
    public void It_runs_and_makes_a_model_of_its_own([ValueSource(nameof(Examples))] string example)
    {
        Recipe recipe = RecipeReader.Parse(Text(example), example);
        RunReport report = _family.Folder.Merge(Text(example), $"run-{example}");
        Assert.That(report.Remarks.Where(remark => remark.Contains("in no model", StringComparison.Ordinal)), Is.Empty);
        using var merged = Checkpoint.Open(_family.Folder.PathOf($"run-{example}"));
        foreach (ModelPath path in RecipePart.Of(recipe).SelectMany(part => part.Models).Where(model => model is { IsVector: false, Path.IsStage: false }).Select(model => model.Path))
        {
            using var source = Checkpoint.Open(_family.Folder.PathOf(path.Written));
            string[] names = [.. merged.Tensors.Select(tensor => tensor.Spec.Name)];
            bool isCopy = names.SequenceEqual(source.Tensors.Select(tensor => tensor.Spec.Name))
                && names.All(name => _family.Folder.Bytes($"run-{example}", name).AsSpan().SequenceEqual(_family.Folder.Bytes(path.Written, name)));
            Assert.That(isCopy, Is.False, $"nothing but a copy of {path.Written} was made");
        }
    }

    [Test]
    public void Merged_in_memory_it_has_the_same_bytes([ValueSource(nameof(Examples))] string example)
    {
        _family.Folder.Merge(Text(example), $"written-{example}");
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(Text(example), example), _family.Folder.Path);
        using var backend = new CpuBackend();
        using var merge = MemoryMerge.Open(recipe, new AlignmentOptions(), backend, new RunOptions());
        using var written = Checkpoint.Open(_family.Folder.PathOf($"written-{example}"));
        Assert.That(merge.TensorNames, Is.EquivalentTo(written.Tensors.Select(tensor => tensor.Spec.Name)));
        foreach (MemoryModel merged in merge.MergeTogether([merge.Plan(recipe), merge.Plan(recipe), merge.Plan(recipe)], default))
        {
            foreach (StoredTensor tensor in written.Tensors)
            {
                int count = (int)tensor.Spec.Shape.ElementCount;
                Assert.That(merged.Find(tensor.Spec.Name)!.Spec, Is.EqualTo(tensor.Spec));
                Assert.That(
                    merged.Find(tensor.Spec.Name)!.Read(0, count, default).Bytes.Span.SequenceEqual(tensor.Read(0, count, default).Bytes.Span), tensor.Spec.Name);
            }
        }

        foreach (var (name, contents) in merge.SideFiles)
            Assert.That(File.ReadAllBytes(_family.Folder.PathOf($"written-{example}/{name}")), Is.EqualTo(contents), name);
    }

    [Test]
    public void Read_and_written_it_is_the_same_recipe([ValueSource(nameof(Examples))] string example)
    {
        Recipe recipe = RecipeReader.Parse(Text(example), example);
        Assert.That(RecipeReader.Parse(recipe.ToYaml(), example), Is.EqualTo(recipe));
    }

    [TestCase("frankenmerge", "first 0-11, second 4-15")]
    [TestCase("interleaved", "first 0-5, second 2-7, first 4-9, second 8-15")]
    public void Layers_lie_where_the_example_says(string example, string runs)
    {
        _family.Folder.Merge(Text(example), $"layers-{example}");
        int layer = 0;
        foreach (string[] run in runs.Split(", ").Select(run => run.Split(' ', '-')))
        {
            for (int from = int.Parse(run[1]); from <= int.Parse(run[2]); from++, layer++)
            {
                Assert.That(
                    _family.Folder.Bytes($"layers-{example}", $"model.layers.{layer}.self_attn.q_proj.weight"),
                    Is.EqualTo(_family.Folder.Bytes($"models/deep-{run[0]}", $"model.layers.{from}.self_attn.q_proj.weight")),
                    $"layer {layer}");
            }
        }

        Assert.That((int)Json($"layers-{example}/config.json")["num_hidden_layers"]!, Is.EqualTo(layer));
        Assert.That(_family.Folder.Bytes($"layers-{example}", "lm_head.weight"), Is.EqualTo(_family.Folder.Bytes("models/deep-second", "lm_head.weight")));
    }

    [TestCase("tokenizer-union", "<|tool|>, <|result|>, é, ß", 504)]
    [TestCase("tokens", "<|tool|>, <|end_of_turn|>, <|reserved|>", 512)]
    public void Tokens_follow_those_of_the_base(string example, string more, int rows)
    {
        _family.Folder.Merge(Text(example), $"tokens-{example}");
        JsonObject vocabulary = Json($"tokens-{example}/tokenizer.json")["model"]!["vocab"]!.AsObject();
        Assert.That(vocabulary.OrderBy(pair => (int)pair.Value!).Select(pair => pair.Key), Is.EqualTo(ExampleFamily.Tokens.Concat(more.Split(", "))));
        using var merged = Checkpoint.Open(_family.Folder.PathOf($"tokens-{example}"));
        Assert.That(merged.Find("lm_head.weight")!.Spec.Shape.Dimensions, Is.EqualTo((long[])[rows, 64]));
        Assert.That((int)Json($"tokens-{example}/config.json")["vocab_size"]!, Is.EqualTo(rows));
    }

    private static string Text(string example) => File.ReadAllText(Path.Combine(Folder, $"{example}.yaml"));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private JsonNode Json(string file) => JsonNode.Parse(File.ReadAllBytes(_family.Folder.PathOf(file)))!;
}
