using DemEngine.Merging.Planning;
using DemEngine.Recipes;

namespace DemEngine.Tests.Recipes;

/// <summary>The kinds of recipes that people publish for mergekit, in structure: read, and checked against their methods.</summary>
public sealed class WildRecipeTests
{
    private static IEnumerable<TestCaseData> Kinds()
    {
        static TestCaseData Case(string name, string text) => new TestCaseData(text).SetName("Is taken: " + name);

        yield return Case("booleans and parameters as mergekit writes them", """
            merge_method: ties
            base_model: base
            models:
              - {model: a, parameters: {density: 0.5, weight: [0.0, 0.3, 0.7, 1.0]}}
              - model: b
                parameters:
                  density: 0.33
                  weight:
                    - {filter: mlp, value: 0.5}
                    - {value: 0.0}
            parameters: {normalize: 1.0, int8_mask: 1.0}
            dtype: float16
            """);
        yield return Case("della in modules with normalize 1.0", """
            merge_method: della
            base_model: base
            modules:
              default:
                slices:
                  - sources:
                      - {layer_range: [0, 4], model: base}
                      - {layer_range: [0, 4], model: a, parameters: {density: 0.6, epsilon: 0.1, weight: 0.8}}
            parameters: {normalize: 0.0, int8_mask: 1.0, lambda: 1.1}
            dtype: bfloat16
            tokenizer: {source: base}
            chat_template: auto
            """);
        yield return Case("model_stock with weights", """
            merge_method: model_stock
            base_model: base
            models: [{model: a}, {model: b, parameters: {weight: 1.0}}, {model: base}]
            parameters: {normalize: false, int8_mask: true, filter_wise: false}
            dtype: bfloat16
            chat_template: "chatml"
            """);
        yield return Case("slerp by filters with normalize", """
            slices:
              - sources:
                  - {model: a, layer_range: [0, 4]}
                  - {model: b, layer_range: [0, 4]}
            merge_method: slerp
            base_model: a
            parameters:
              t:
                - {filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}
                - {filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}
                - value: 0.5
              normalize: true
            dtype: bfloat16
            """);
        yield return Case("sce with everything", """
            merge_method: sce
            base_model: base
            models: [{model: a, parameters: {weight: 0.5}}, {model: b}]
            parameters: {select_topk: 0.15, density: 0.7, normalize: true, int8_mask: yes}
            tokenizer_source: union
            """);
        yield return Case("task_arithmetic with the parameters of ties", """
            merge_method: task_arithmetic
            base_model: base
            models: [{model: a, parameters: {weight: 0.3, density: 0.5}}]
            parameters: {normalize: on, rescale: off, int8_mask: "true"}
            """);
        yield return Case("a long stack by anchors and merge keys", """
            const_tag: &MODEL1 a
            const_tag2: &MODEL2 b
            quiet: &quiet {parameters: {scale: [{filter: o_proj, value: 0.0}, {filter: down_proj, value: 0.0}, {value: 1.0}]}}
            slices:
              - sources: [{model: *MODEL1, layer_range: [0, 8]}]
              - sources: [{model: *MODEL2, layer_range: [4, 12], <<: *quiet}]
            merge_method: passthrough
            dtype: float16
            """);
        yield return Case("nearswap, ram and arcee_fusion with a weight", """
            merge_method: nearswap
            base_model: base
            models: [{model: a, parameters: {weight: 1}}]
            parameters: {t: 0.0001}
            """);
        yield return Case("linear with a base and one weight for all", """
            merge_method: linear
            base_model: base
            models: [{model: a}, {model: b, parameters: {weight: 0.2}}]
            parameters: {weight: 0.4, normalize: no}
            """);
        yield return Case("models as mergekit's mapping", """
            merge_method: dare_ties
            base_model: {model: {path: base, revision: null}, lora: null, override_architecture: null}
            models:
              - model: {model: {path: a}}
                parameters: {weight: 0.5, density: 0.5}
            """);
        yield return Case("a vision tower of one model", """
            merge_method: slerp
            base_model: base
            modules:
              text_decoder: {models: [{model: base}, {model: a}]}
              vision_tower: {models: [{model: base}]}
              multi_modal_projector: {models: [{model: base}]}
            parameters: {t: 0.5}
            """);
        yield return Case("a template written out", """
            merge_method: linear
            models: [{model: a, parameters: {weight: 1}}]
            chat_template: "{% for m in messages %}{{ m.content }}{% endfor %}"
            """);
        yield return Case("a chain of stages", """
            name: first
            merge_method: slerp
            base_model: a
            models: [{model: b}]
            parameters: {t: 0.5}
            ---
            name: second
            merge_method: model_stock
            base_model: base
            models: [{model: first}, {model: c}]
            ---
            merge_method: breadcrumbs_ties
            base_model: base
            models: [{model: second, parameters: {weight: 1, density: 0.9, gamma: 0.01}}, {model: first}]
            parameters: {weight: 0.5}
            """);
        foreach (string method in new[] { "karcher", "multislerp", "nuslerp", "ram", "ramplus_tl" })
        {
            yield return Case(method, """
                merge_method: METHOD
                base_model: base
                models: [{model: a, parameters: {weight: 0.5}}, {model: b, parameters: {weight: 0.5}}]
                parameters: {int8_mask: true, normalize: 1.0}
                tokenizer: {source: union, tokens: {<|im_end|>: {source: a, force: 1}}, pad_to_multiple_of: 64}
                """.Replace("METHOD", method, StringComparison.Ordinal));
        }
    }

    [TestCaseSource(nameof(Kinds))]
    public void It_is_taken_and_written_back_the_same(string text)
    {
        Recipe recipe = RecipeErrors.Parse(text);
        Assert.That(() => MergePlanner.CheckRecipe(recipe), Throws.Nothing);
        Assert.That(RecipeErrors.Parse(recipe.ToYaml()), Is.EqualTo(recipe));
    }
}
