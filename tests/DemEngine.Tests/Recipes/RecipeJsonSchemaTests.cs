using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;
using DemEngine.Recipes.Mixtures;
using DemEngine.Recipes.Text;
using DemEngine.Schemas;
using Json.Schema;

namespace DemEngine.Tests.Recipes;

/// <summary>The JSON Schema of recipes, asked by a validator that others wrote.</summary>
public partial class RecipeJsonSchemaTests
{
    private static readonly JsonSchema Merges = JsonSchema.FromText(RecipeJsonSchema.Make().ToJsonString());
    private static readonly JsonSchema Mixtures = JsonSchema.FromText(MixtureJsonSchema.Make().ToJsonString());

    private static string Docs => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../docs"));

    private static IEnumerable<string> Examples => Directory.GetFiles(Path.Combine(Docs, "recipes"), "*.yaml").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    [Test]
    public void It_is_a_schema_of_the_dialect_that_it_names()
    {
        foreach (JsonObject schema in new[] { RecipeJsonSchema.Make(), MixtureJsonSchema.Make() })
        {
            Assert.That(schema["$schema"]!.GetValue<string>(), Is.EqualTo(MetaSchemas.Draft202012Id.ToString()));
            Assert.That(MetaSchemas.Draft202012.Evaluate(JsonSerializer.SerializeToElement(schema)).IsValid);
        }
    }

    [Test]
    public void Each_recipe_of_the_documentation_is_valid([ValueSource(nameof(Examples))] string file)
    {
        foreach (RecipeNode root in NodeReader.Read(File.ReadAllText(Path.Combine(Docs, "recipes", file)), file))
            Assert.That(Faults(Merges, root), Is.Empty);
    }

    [Test]
    public void The_mixtures_of_the_documentation_are_valid()
    {
        string[] recipes = [.. YamlBlock().Matches(File.ReadAllText(Path.Combine(Docs, "moe.md"))).Select(match => match.Groups[1].Value).Where(text => text.Contains("experts:", StringComparison.Ordinal))];
        Assert.That(recipes, Is.Not.Empty);
        foreach (string text in recipes)
            Assert.That(Faults(Mixtures, NodeReader.Read(text, "moe.md").Single()), Is.Empty, text);
    }

    [TestCase("merge_method: ties", "merge_methods: ties")]
    [TestCase("merge_method: ties", "merge_method: tie")]
    [TestCase("merge_method: ties", "merge_method: [ties]")]
    [TestCase("base_model: b", "base_model: 5")]
    [TestCase("- model: m", "- modle: m")]
    [TestCase("- model: m", "- path: m")]
    [TestCase("{model: n,", "{model: n, vector: v,")]
    [TestCase("{model: n, parameters", "{parameters")]
    [TestCase("models:", "modles:")]
    [TestCase("weight: 0.5", "weight: half")]
    [TestCase("weight: 0.5", "weight: []")]
    [TestCase("weight: 0.5", "weigth: 0.5")]
    [TestCase("weight: 0.5", "weight: [{filter: x}]")]
    [TestCase("weight: 0.5", "weight: [{value: true}]")]
    [TestCase("weight: 0.5", "lambda: 2")]
    [TestCase("lambda: 1.5", "lambda: yes")]
    [TestCase("lambda: 1.5", "normalize: 2")]
    [TestCase("dtype: bfloat16", "dtype: bfloat61")]
    [TestCase("dtype: bfloat16", "dtype: fp8_block")]
    [TestCase("dtype: bfloat16", "tokenizer: {sources: base}")]
    [TestCase("dtype: bfloat16", "tokenizer: {pad_to_multiple_of: 0}")]
    [TestCase("dtype: bfloat16", "tokenizer: {tokens: {a: {source: {kind: one}}}}")]
    [TestCase("dtype: bfloat16", "gradient_after_layers: middle")]
    [TestCase("dtype: bfloat16", "slices: []")]
    [TestCase("dtype: bfloat16", "cuda: true")]
    public void What_the_reader_refuses_is_not_valid(string right, string wrong)
    {
        const string recipe = """
            merge_method: ties
            base_model: b
            models:
              - model: m
                parameters: {weight: 0.5, density: 0.5}
              - {model: n, parameters: {weight: 0.3}}
            parameters: {lambda: 1.5}
            dtype: bfloat16
            """;
        Assert.That(Faults(Merges, NodeReader.Read(recipe, "right").Single()), Is.Empty);
        Assert.That(() => Read(recipe), Throws.Nothing);

        string changed = recipe.Replace(right, wrong, StringComparison.Ordinal);
        Assert.That(changed, Is.Not.EqualTo(recipe));
        Assert.That(() => Read(changed), Throws.TypeOf<DemException>());
        Assert.That(Faults(Merges, NodeReader.Read(changed, "wrong").Single()), Is.Not.Empty);
    }

    [TestCase("dtype: BF16")]
    [TestCase("dtype: torch.float16")]
    [TestCase("out_dtype: FP8_Block")]
    [TestCase("parameters: {normalize: off, int8_mask: true, lambda: [1, 2]}")]
    [TestCase("parameters: {lambda: [{filter: mlp, value: [0, 1]}, {value: 1}], max_iter: 7}")]
    [TestCase("tokenizer: {source: union, tokens: {a: {source: {kind: model_token, model: m, token_id: 7}, force: yes}}}")]
    [TestCase("tokenizer_source: {model: {path: m}}")]
    [TestCase("chat_template: auto")]
    [TestCase("name: result")]
    [TestCase("gradient_after_layers:")]
    public void What_the_reader_takes_is_valid(string line)
    {
        string recipe = $"merge_method: ties\nbase_model: {{model: {{path: b}}, lora: null}}\nmodels: [{{model: m, lora: a}}, {{vector: v, parameters: {{weight: 1}}}}]\n{line}\n";
        Assert.That(() => Read(recipe), Throws.Nothing);
        Assert.That(Faults(Merges, NodeReader.Read(recipe, "right").Single()), Is.Empty);
    }

    [TestCase("experts: []")]
    [TestCase("gate_mode: hiddn")]
    [TestCase("expert: []")]
    [TestCase("experts_per_token: two")]
    public void A_mixture_that_the_reader_refuses_is_not_valid(string line)
    {
        const string recipe = "base_model: b\ngate_mode: random\nexperts: [{source_model: m}, {source_model: n}]\n";
        Assert.That(Faults(Mixtures, NodeReader.Read(recipe, "right").Single()), Is.Empty);
        string[] kept = [.. recipe.Split('\n').Where(one => !one.StartsWith(line.Split(':')[0] + ":", StringComparison.Ordinal))];
        RecipeNode changed = NodeReader.Read(string.Join('\n', [.. kept, line]), "wrong").Single();
        Assert.That(() => MixtureSchema.Read(changed, "wrong"), Throws.TypeOf<DemException>());
        Assert.That(Faults(Mixtures, changed), Is.Not.Empty);
    }

    private static void Read(string text) => MergePlanner.CheckRecipe(RecipeReader.Parse(text, "recipe"));

    private static List<string> Faults(JsonSchema schema, RecipeNode root)
    {
        EvaluationResults results = schema.Evaluate(JsonSerializer.SerializeToElement(ToJson(root)), new EvaluationOptions { OutputFormat = OutputFormat.List });
        return results.IsValid ? [] : [.. (results.Details ?? []).Where(one => one.Errors is not null).Select(one => $"{one.InstanceLocation}: {string.Join("; ", one.Errors!.Values)}").DefaultIfEmpty("invalid")];
    }

    private static JsonNode? ToJson(RecipeNode node) => node switch
    {
        ListNode list => new JsonArray([.. list.Items.Select(ToJson)]),
        MapNode map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, ToJson(entry.Value)))),
        TextNode text => PlainScalar.Read(text) switch
        {
            null => null,
            double number => JsonValue.Create(number),
            bool flag => JsonValue.Create(flag),
            var word => JsonValue.Create((string)word),
        },
        _ => throw new InvalidOperationException(),
    };

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();
}
