using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>What a plan says of its tensors.</summary>
public sealed class FormulaTests
{
    private ModelFolder _folder = null!;

    [OneTimeSetUp]
    public void WriteModels()
    {
        _folder = new ModelFolder();
        foreach (var (name, rows, seed) in new[] { ("base", 6, 1), ("a", 6, 2), ("b", 6, 3), ("small", 4, 4) })
        {
            _folder.Model(
                name,
                [
                    Values.Random("model.embed_tokens.weight", ElementType.F32, [rows, 4], seed),
                    .. Enumerable.Range(0, 3).Select(layer => Values.Random($"model.layers.{layer}.w", ElementType.F32, [4, 4], seed)),
                ]);
            _folder.File(name, "config.json", """{"num_hidden_layers": 3}""");
        }

        _folder.Extract("b", "vector");
    }

    [OneTimeTearDown]
    public void DeleteModels() => _folder.Dispose();

    [TestCase("dem", "[{model: a, parameters: {weight: 0.4}}, {vector: vector, parameters: {weight: -0.25}}]", "", "b + 0.4·(x1 − b) − 0.25·x2")]
    [TestCase("dem", "[{model: a, parameters: {weight: 1}}]", "", "b + (x1 − b)")]
    [TestCase("nearswap", "[{model: a}]", "t: 0.001", "b + limit(x1 − b, 0.001)")]
    [TestCase("nearswap", "[{vector: vector}]", "t: 0.001", "b + limit(x1, 0.001)")]
    [TestCase("dare_linear", "[{model: a}, {vector: vector}]", "weight: 0.5, density: 0.25, rescale: expectation", "b + 2·keep(x1 − b, 25 %) + 2·keep(x2, 25 %)")]
    [TestCase("dare_linear", "[{model: a}, {model: b}]", "weight: 0.5, density: 0.25", "dare_linear after measuring norms")]
    [TestCase("della_linear", "[{model: a}]", "weight: 1, density: 0.5, epsilon: 0.2, rescale: false", "b + keep(x1 − b, 30 % to 70 %)")]
    [TestCase("della_linear", "[{model: a}]", "weight: 1, density: 0.5, epsilon: 0.2, rescale: expectation", "b + keep(x1 − b, 30 % to 70 %, rescaled)")]
    [TestCase("ties", "[{model: a, parameters: {weight: 0.5}}, {model: b, parameters: {weight: 0.3}}]", "lambda: 2", "b + agreeing((x1 − b) + 0.6·(x2 − b)) / agreeing(0.5 + 0.3)")]
    [TestCase("dare_ties", "[{model: a}, {model: b}]", "weight: 0.5, density: 0, rescale: false, normalize: false", "b + agreeing(0.5·0 + 0.5·0)")]
    [TestCase("ties", "[{model: a}, {model: b}]", "weight: 0.5, density: 0.2, rescale: true, scope: model", "ties after measuring thresholds and norms over the whole model")]
    [TestCase("ties", "[{model: a}, {model: b}]", "weight: 0.5, density: 0.2, scope: layer", "ties after measuring thresholds over its layer")]
    [TestCase("ram", "[{model: a}, {model: b}]", "epsilon: 0.5", "b + overlap(larger(x1 − b, 0.5), larger(x2 − b, 0.5))")]
    [TestCase("sce", "[{model: a}, {model: b}]", "select_topk: 0.5", "sce after measuring thresholds and squares")]
    [TestCase("slerp", "[{model: a}]", "t: 0.5", "slerp after measuring dot products")]
    [TestCase("nuslerp", "[{model: a}, {model: b}]", "weight: 1, nuslerp_flatten: false", "nuslerp, row by row")]
    [TestCase("nuslerp", "[{model: a}, {model: b}]", "weight: 1, nuslerp_flatten: false, nuslerp_row_wise: true", "nuslerp after measuring dot products of columns")]
    [TestCase("linear", "[{model: a, parameters: {weight: 3}}, {model: b, parameters: {weight: 1}}]", "", "0.75·x1 + 0.25·x2")]
    [TestCase("linear", "[{model: a, parameters: {weight: -1}}, {model: b, parameters: {weight: 2}}]", "", "−x1 + 2·x2")]
    [TestCase("passthrough", "[{model: a}]", "", "x1")]
    [TestCase("passthrough", "[{model: a}]", "scale: 0.5", "0.5·x1")]
    public void A_tensor_is_described_by_what_is_known_of_it(string method, string models, string parameters, string expected)
    {
        using MergePlan plan = _folder.Plan($"merge_method: {method}\nbase_model: base\nmodels: {models}\nparameters: {{{parameters}}}");
        Assert.That(plan.Plan.PlannedTensors.Select(tensor => tensor.Operation), Is.All.EqualTo(expected));
    }

    [Test]
    public void Letters_stand_for_the_models_in_the_recipes_order()
    {
        using MergePlan plan = _folder.Plan("merge_method: dem\nbase_model: base\nmodels: [{vector: vector}, {model: a}]\nparameters: {weight: 1}");
        Assert.That(plan.Plan.CommonSources, Is.EqualTo([("b", "base"), ("x1", "vector"), ("x2", "a")]));
        PlannedTensor tensor = plan.Plan.PlannedTensors.Last();
        Assert.That(tensor.Sources, Is.EqualTo(
            [new PlannedSource("b", "base", tensor.Spec.Name), new PlannedSource("x1", "vector", tensor.Spec.Name), new PlannedSource("x2", "a", tensor.Spec.Name)]));
    }

    [Test]
    public void A_base_that_is_not_read_has_no_letter()
    {
        using MergePlan plan = _folder.Plan("merge_method: linear\nbase_model: base\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 1}");
        Assert.That(plan.Plan.CommonSources, Is.EqualTo([("x1", "base"), ("x2", "a")]));
    }

    [Test]
    public void Rows_that_a_model_lacks_are_told_apart()
    {
        var alignment = new AlignmentOptions { Vocabulary = VocabularyPolicy.Base };
        using MergePlan differences = _folder.Plan("merge_method: dem\nbase_model: base\nmodels: [{model: small}, {model: a}]\nparameters: {weight: 0.5}", alignment: alignment);
        Assert.That(Embedding(differences).Operation, Is.EqualTo("rows 0 to 3: b + 0.5·(x1 − b) + 0.5·(x2 − b); rows 4 to 5: b + 0.5·(x2 − b)"));

        using MergePlan whole = _folder.Plan("merge_method: linear\nbase_model: base\nmodels: [{model: small, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]", alignment: alignment);
        Assert.That(Embedding(whole).Operation, Is.EqualTo("rows 0 to 3: 0.5·x1 + 0.5·x2; rows 4 to 5: 0.5·b + 0.5·x2"));
        Assert.That(Embedding(whole).Sources.Select(source => source.Symbol), Is.EqualTo(["b", "x1", "x2"]));
    }

    [Test]
    public void Each_layer_of_a_stack_says_where_it_comes_from()
    {
        using MergePlan plan = _folder.Plan("""
            merge_method: passthrough
            slices:
              - sources: [{model: a, layer_range: [0, 2]}]
              - sources: [{model: b, layer_range: [1, 3]}]
            """);
        Assert.That(plan.Plan.CommonSources, Is.Empty);
        Assert.That(
            plan.Plan.PlannedTensors.Where(tensor => tensor.Spec.Name.EndsWith(".w", StringComparison.Ordinal)).SelectMany(tensor => tensor.Sources).Select(source => (source.Model, source.Tensor)),
            Is.EqualTo([("a", "model.layers.0.w"), ("a", "model.layers.1.w"), ("b", "model.layers.1.w"), ("b", "model.layers.2.w")]));
    }

    [Test]
    public void Earlier_results_have_their_names_and_their_own_letters()
    {
        using MergePlan plan = _folder.Plan("""
            name: mixed
            merge_method: linear
            models: [{model: a, parameters: {weight: 3}}, {model: b, parameters: {weight: 1}}]
            ---
            merge_method: dem
            base_model: base
            models: [{model: mixed, parameters: {weight: 0.5}}]
            """);
        Assert.That(
            plan.Plan.PlannedTensors.Select(tensor => tensor.Operation),
            Is.All.EqualTo("mixed = 0.75·x1 + 0.25·x2 [x1 = a, x2 = b]; b + 0.5·(x1 − b)"));
        Assert.That(plan.Plan.CommonSources, Is.EqualTo([("b", "base"), ("x1", "mixed")]));
    }

    [Test]
    public void Layers_of_an_earlier_result_have_the_names_they_have_there()
    {
        using MergePlan plan = _folder.Plan("""
            name: mixed
            merge_method: linear
            models: [{model: a}, {model: b}]
            parameters: {weight: 1}
            ---
            merge_method: passthrough
            slices:
              - sources: [{model: mixed, layer_range: [1, 2]}]
            """);
        Assert.That(
            plan.Plan.PlannedTensors.Single(tensor => tensor.Spec.Name == "model.layers.0.w").Operation,
            Is.EqualTo("mixed model.layers.1.w = 0.5·x1 + 0.5·x2 [x1 = a model.layers.1.w, x2 = b model.layers.1.w]; x1"));
    }

    private static PlannedTensor Embedding(MergePlan plan) => plan.Plan.PlannedTensors.Single(tensor => tensor.Spec.Name == "model.embed_tokens.weight");
}
