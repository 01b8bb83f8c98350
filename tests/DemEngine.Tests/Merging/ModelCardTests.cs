using System.Text;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Merging.Cards;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Recipes;
using YamlDotNet.RepresentationModel;

namespace DemEngine.Tests.Merging;

/// <summary>The model card of a merge and its recipe, as they are uploaded with it.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ModelCardTests
{
    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        """;

    [Test]
    public void The_front_matter_names_the_models_and_what_the_output_is()
    {
        using ModelFolder folder = Family().File("base", "config.json", "{}");
        folder.Merge(Recipe);
        YamlMappingNode front = FrontMatter(folder);
        Assert.That(Texts(front["base_model"]), Is.EqualTo(new[] { "base", "a" }));
        Assert.That(Texts(front["tags"]), Is.EqualTo(new[] { "merge", "dem" }));
        Assert.That(front["base_model_relation"].ToString(), Is.EqualTo("merge"));
        Assert.That(front["library_name"].ToString(), Is.EqualTo("transformers"));
        Assert.That(front.Children.ContainsKey("license"), Is.False);
    }

    [Test]
    public void The_body_has_the_method_the_recipe_and_the_hash_of_the_tensors()
    {
        using ModelFolder folder = Family();
        folder.Merge(Recipe);
        string card = Card(folder);
        Assert.That(card, Does.Contain("# Merge of base and a").And.Contain("method `dem`").And.Contain(Manifest.ThisEngine).And.Contain("- `base` (base)"));
        Assert.That(card, Does.Contain($"```yaml\n{RecipeReader.Parse(Recipe, "r.yaml").ToYaml()}```\n"));
        Assert.That(card, Does.Contain(Manifest.Read(folder.PathOf("out")).TensorsHash));
    }

    [Test]
    public void The_hash_changes_with_the_tensors_and_not_with_the_shards()
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Tensor("t", ElementType.BF16, [2], 1, 2), Values.Tensor("u", ElementType.BF16, [2], 1, 2))
            .Model("a", Values.Tensor("t", ElementType.BF16, [2], 3, 4), Values.Tensor("u", ElementType.BF16, [2], 1, 2));
        folder.Merge(Recipe, "one");
        folder.Merge(Recipe, "two", new RunOptions { MaxShardBytes = 4 });
        folder.Merge(Recipe.Replace("0.5", "1.5", StringComparison.Ordinal), "three");
        string one = Manifest.Read(folder.PathOf("one")).TensorsHash;
        Assert.That(File.Exists(folder.PathOf("two/model.safetensors.index.json")));
        Assert.That(Manifest.Read(folder.PathOf("two")).TensorsHash, Is.EqualTo(one));
        Assert.That(Manifest.Read(folder.PathOf("three")).TensorsHash, Is.Not.EqualTo(one));
    }

    [Test]
    public void The_recipe_beside_it_reads_back_as_it_was()
    {
        using ModelFolder folder = Family();
        string recipe = Recipe.Replace("model: a", $"model: '{folder.PathOf("a")}'", StringComparison.Ordinal);
        folder.Merge(recipe);
        string written = File.ReadAllText(folder.PathOf("out/mergekit_config.yml"));
        Assert.That(RecipeReader.Parse(written, "r.yaml"), Is.EqualTo(RecipeReader.Parse(recipe, "r.yaml")));
        Assert.That(written, Does.Contain(folder.PathOf("a")), "paths stay");
        Assert.That(Card(folder), Does.Not.Contain(folder.Path), "paths of this machine are nobody's business");
    }

    [Test]
    public void An_output_has_neither_if_they_are_not_wanted()
    {
        using ModelFolder folder = Family();
        folder.Merge(Recipe, options: new RunOptions { Card = false });
        Assert.That(folder.Files("out").Keys, Is.EqualTo(new[] { "dem-manifest.json", "model.safetensors" }));
    }

    [Test]
    public void The_output_verifies()
    {
        using ModelFolder folder = Family();
        folder.Merge(Recipe);
        Assert.That(Verification.Run(folder.PathOf("out"), new RunOptions()).IsIntact);
    }

    [TestCase("license: apache-2.0", "license: apache-2.0", ExpectedResult = "apache-2.0")]
    [TestCase("license: apache-2.0", "license: 'apache-2.0'\ntags:\n- x", ExpectedResult = "apache-2.0")]
    [TestCase("license: 'no'", "license: \"no\"", ExpectedResult = "no")]
    [TestCase("license: apache-2.0", "license: mit", ExpectedResult = null)]
    [TestCase("license: apache-2.0", "tags: [x]", ExpectedResult = null)]
    [TestCase("license: apache-2.0", null, ExpectedResult = null)]
    [TestCase("license: [a, b]", "license: [a, b]", ExpectedResult = null)]
    [TestCase("license: other\nlicense_name: x", "license: other\nlicense_name: y", ExpectedResult = null)]
    [TestCase("license: {", "license: {", ExpectedResult = null)]
    public string? A_licence_is_stated_if_all_cards_state_the_same(string ofBase, string? ofModel)
    {
        using ModelFolder folder = Family().File("base", "README.md", $"---\n{ofBase}\n---\n# Base\n");
        if (ofModel is not null)
            folder.File("a", "README.md", $"---\r\n{ofModel.ReplaceLineEndings("\r\n")}\r\n---\r\n");
        folder.Merge(Recipe);
        return FrontMatter(folder).Children.TryGetValue("license", out YamlNode? license) ? license.ToString() : null;
    }

    [Test]
    public void A_licence_of_its_own_keeps_its_name_and_link()
    {
        const string Card = "---\nlicense: other\nlicense_name: 'my: terms'\nlicense_link: LICENSE\n---\n";
        using ModelFolder folder = Family().File("base", "README.md", Card).File("a", "README.md", Card);
        folder.Merge(Recipe);
        YamlMappingNode front = FrontMatter(folder);
        Assert.That(front["license_name"].ToString(), Is.EqualTo("my: terms"));
        Assert.That(front["license_link"].ToString(), Is.EqualTo("LICENSE"));
    }

    [TestCase("org/name", ExpectedResult = "org/name")]
    [TestCase("org/name@main", ExpectedResult = "org/name@main")]
    [TestCase("models/a", ExpectedResult = "models/a")]
    [TestCase("/home/me/models/a", ExpectedResult = "a")]
    [TestCase("/home/me/models/a/", ExpectedResult = "a")]
    [TestCase("/home/me/a/model.safetensors", ExpectedResult = "a")]
    [TestCase("/home/me/a/xl.safetensors", ExpectedResult = "xl.safetensors")]
    [TestCase("../a", ExpectedResult = "a")]
    [TestCase("~/a", ExpectedResult = "a")]
    [TestCase(@"C:\models\a", ExpectedResult = "a")]
    [TestCase("/home/me/.cache/huggingface/hub/models--org--na-me/snapshots/0123", ExpectedResult = "org/na-me")]
    [TestCase("hub/models--gpt2/snapshots/0123/model.safetensors", ExpectedResult = "gpt2")]
    public string Names_are_those_of_the_recipe_without_the_machines_folders(string written) => CardName.Of(written);

    [TestCase("org/name", ExpectedResult = "org/name")]
    [TestCase("org/name@main", ExpectedResult = "org/name")]
    [TestCase("hf://org/name@main", ExpectedResult = "org/name")]
    [TestCase("https://host/org/name", ExpectedResult = null)]
    [TestCase("a", ExpectedResult = "a")]
    [TestCase("a/b/c", ExpectedResult = null)]
    [TestCase("my model", ExpectedResult = null)]
    [TestCase("xl.safetensors", ExpectedResult = null)]
    public string? Only_ids_of_repositories_are_base_models(string name) => CardName.RepositoryOf(name);

    [Test]
    public void Odd_names_break_neither_the_front_matter_nor_the_text()
    {
        using ModelFolder folder = Family();
        Directory.Move(folder.PathOf("a"), folder.PathOf("1e5"));
        Directory.Move(folder.PathOf("base"), folder.PathOf("b `x` ``` *y*"));
        folder.Merge("""
            merge_method: dem
            base_model: "b `x` ``` *y*"
            models: [{model: "1e5", parameters: {weight: 0.5}}]
            """);
        Assert.That(Texts(FrontMatter(folder)["base_model"]), Is.EqualTo(new[] { "1e5" }));
        Assert.That(((YamlScalarNode)((YamlSequenceNode)FrontMatter(folder)["base_model"])[0]).Style, Is.Not.EqualTo(YamlDotNet.Core.ScalarStyle.Plain));
        Assert.That(Card(folder), Does.Contain("````yaml\n").And.Contain(@"\*y\*"));
    }

    private static ModelFolder Family()
    {
        var tensor = Values.Tensor("t", ElementType.BF16, [2], 1, 2);
        return new ModelFolder().Model("base", tensor).Model("a", tensor);
    }

    private static string Card(ModelFolder folder) => Encoding.UTF8.GetString(folder.Files("out")["README.md"]);

    private static YamlMappingNode FrontMatter(ModelFolder folder)
    {
        string[] parts = Card(folder).Split("---\n", 3);
        Assert.That(parts[0], Is.Empty);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(parts[1]));
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static string[] Texts(YamlNode list) => [.. ((YamlSequenceNode)list).Select(item => item.ToString())];
}
