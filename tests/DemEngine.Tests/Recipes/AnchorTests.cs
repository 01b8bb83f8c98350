using System.Diagnostics;
using System.Text;
using DemEngine.Recipes;

namespace DemEngine.Tests.Recipes;

/// <summary>YAML's anchors, aliases and merge keys, which long recipes of stacked layers live on.</summary>
public sealed class AnchorTests
{
    [Test]
    public void Keys_that_hold_values_used_elsewhere_are_no_part_of_the_recipe()
    {
        Recipe recipe = RecipeErrors.Parse("""
            const_tag: &MODEL1 models/a
            const:
              - &scale {filter: q_proj, value: 0.7}
              - &rest {value: 1.0}
            merge_method: passthrough
            slices:
              - sources: [{model: *MODEL1, layer_range: [0, 2], parameters: {scale: [*scale, *rest]}}]
              - sources:
                  - model: *MODEL1
                    layer_range: [1, 3]
            """);
        Assert.That(recipe, Is.EqualTo(RecipeErrors.Parse("""
            merge_method: passthrough
            slices:
              - sources:
                  - model: models/a
                    layer_range: [0, 2]
                    parameters: {scale: [{filter: q_proj, value: 0.7}, {value: 1.0}]}
              - sources: [{model: models/a, layer_range: [1, 3]}]
            """)));
    }

    [TestCase("zebra: &z 1\n", "r.yaml:3: zebra: unknown key")]
    [TestCase("zebra: [&z 1, *z]\n", "r.yaml:3: zebra: unknown key")]
    [TestCase("paramters: &p {weight: 1}\nparameters: *p\n", "r.yaml:3: paramters: unknown key (did you mean \"parameters\"?)")]
    [TestCase("genome: &g 1\nparameters: {weight: *g}\n", "r.yaml:3: genome: recipes for mergekit-evolve")]
    public void A_key_whose_value_nothing_uses_or_that_is_misspelt_is_refused(string lines, string message) =>
        Assert.That(RecipeErrors.Of("merge_method: dem\nmodels: [{model: a}]\n" + lines).Message, Does.StartWith(message));

    [Test]
    public void A_merge_key_brings_in_what_the_mapping_does_not_give_itself()
    {
        Recipe recipe = RecipeErrors.Parse("""
            first: &first {weight: 0.1, density: 0.2}
            second: &second {<<: *first, weight: 0.3, gamma: 0.4}
            merge_method: breadcrumbs
            base_model: b
            models:
              - model: x
                parameters: {<<: *second, gamma: 0.5}
              - model: y
                parameters:
                  epsilon: 0.1
                  <<: [*first, *second]
            """);
        Assert.That(recipe, Is.EqualTo(RecipeErrors.Parse("""
            merge_method: breadcrumbs
            base_model: b
            models:
              - model: x
                parameters: {gamma: 0.5, weight: 0.3, density: 0.2}
              - model: y
                parameters: {epsilon: 0.1, weight: 0.1, density: 0.2, gamma: 0.4}
            """)));
    }

    [Test]
    public void A_merge_key_at_the_top_gives_keys_of_the_recipe() => Assert.That(
        RecipeErrors.Parse("common: &c {merge_method: linear, dtype: float32}\n<<: *c\nmodels: [{model: a}]\n"),
        Is.EqualTo(RecipeErrors.Parse("merge_method: linear\ndtype: float32\nmodels: [{model: a}]\n")));

    [TestCase("parameters: {<<: 1}\n", "r.yaml:3:14: \"<<\" takes a mapping, or a list of mappings, such as \"<<: *name\", and found the number 1")]
    [TestCase("parameters: {<<: [{a: 1}, b]}\n", "and found the text \"b\"")]
    [TestCase("parameters: {<<: {a: 1}, <<: {b: 1}}\n", "the key \"<<\" is given twice; write \"<<: [*first, *second]\"")]
    public void Other_merge_keys_are_refused(string lines, string message) =>
        Assert.That(RecipeErrors.Of("merge_method: dem\nmodels: [{model: a}]\n" + lines).Message, Does.Contain(message));

    [Test]
    public void A_quoted_merge_key_is_a_key_like_any_other() => Assert.That(
        RecipeErrors.Parse("merge_method: dem\nmodels: [{model: a}]\nparameters: {\"<<\": 1}\n").Parameters.Parameters.Single().Name, Is.EqualTo("<<"));

    [TestCase("{model: &m in/a, parameters: {weight: 1}}")]
    [TestCase("{model: &m \"in/a\" , parameters: {weight: &w 1, density: 0.5}}")]
    [TestCase("{parameters: {weight: 1}, model: &m in/a}")]
    public void An_anchored_text_may_stand_before_a_comma(string model)
    {
        Recipe recipe = RecipeErrors.Parse($"merge_method: dem\nmodels:\n  - {model}\n  - {{model: *m}}\n");
        Assert.That(recipe.Models.Select(one => one.Path.Written), Is.EqualTo(["in/a", "in/a"]));
        Assert.That(recipe.Models[0].Parameters.Find("weight"), Is.Not.Null);
    }

    [Test]
    public void Merge_keys_cannot_make_a_small_file_large()
    {
        var text = new StringBuilder("a0: &a0 {" + string.Join(", ", Enumerable.Range(0, 1000).Select(i => $"k{i}: 1")) + "}\n");
        for (int i = 1; i < 20_000; i++) text.Append($"a{i}: &a{i} {{<<: *a{i - 1}, n{i}: 1}}\n");
        var clock = Stopwatch.StartNew();
        DemException error = RecipeErrors.Of(text.ToString());
        Assert.That(error.Code, Is.SameAs(ErrorCode.RecipeNotYaml), error.Message);
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
    }
}
