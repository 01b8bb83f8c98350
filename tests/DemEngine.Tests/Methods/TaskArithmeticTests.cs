using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

[TestFixture("dem")]
[TestFixture("task_arithmetic")]
public sealed class TaskArithmeticTests(string method)
{
    [Test]
    public void Weights_are_taken_as_they_are() => Assert.That(Solving.Weights(Recipe(0.7, -0.3)), Is.EqualTo(new[] { 0.7f, -0.3f }));

    [Test]
    public void Lambda_is_folded_in_and_rounded_once() =>
        Assert.That(Solving.Weights(Recipe(0.7, -0.3) + "parameters: {lambda: 0.9}"), Is.EqualTo(new[] { (float)(0.9 * 0.7), (float)(0.9 * -0.3) }));

    [Test]
    public void They_are_divided_by_their_sum_when_asked() =>
        Assert.That(
            Solving.Weights(Recipe(0.7, -0.3) + "parameters: {normalize: true, lambda: 2}"),
            Is.EqualTo(new[] { (float)(2 / (0.7 - 0.3) * 0.7), (float)(2 / (0.7 - 0.3) * -0.3) }));

    [Test]
    public void Weights_that_cancel_are_not_divided() =>
        Assert.That(Solving.Weights(Recipe(0.5, -0.5) + "parameters: {normalize: true}"), Is.EqualTo(new[] { 0.5f, -0.5f }));

    [Test]
    public void A_global_weight_holds_where_a_model_has_none() =>
        Assert.That(
            Solving.Weights($"merge_method: {method}\nbase_model: b\nmodels: [{{model: x}}, {{model: y, parameters: {{weight: 3}}}}]\nparameters: {{weight: 2}}"),
            Is.EqualTo(new[] { 2f, 3f }));

    [TestCase("a.mlp.b", 1f)]
    [TestCase("a.attn.b", 2f)]
    public void A_filter_chooses_by_name(string tensor, float weight) =>
        Assert.That(Solving.Weights(Recipe("[{filter: mlp, value: 1}, {value: 2}]"), tensor), Is.EqualTo(new[] { weight }));

    [TestCase(0, 1f)]
    [TestCase(0.25, 2f)]
    [TestCase(0.5, 3f)]
    [TestCase(1, 0f)]
    public void A_gradient_follows_the_depth(double depth, float weight) =>
        Assert.That(Solving.Weights(Recipe("[1, 3, 0]"), depth: depth), Is.EqualTo(new[] { weight }));

    [Test]
    public void A_vector_is_added_as_it_is()
    {
        LinearCombination sum = Solving.Of(
            $"merge_method: {method}\nbase_model: b\nmodels:\n  - {{model: x, parameters: {{weight: 1}}}}\n  - {{vector: v, parameters: {{weight: 1}}}}");
        Assert.That(sum.StartsFromBase);
        Assert.That(sum.Terms.Select(term => term.Kind), Is.EqualTo(new[] { TermKind.RelativeToBase, TermKind.Plain }));
    }

    [Test]
    public void A_missing_weight_is_an_error_with_its_line()
    {
        DemException error = Assert.Throws<DemException>(() => Solving.Of($"merge_method: {method}\nbase_model: b\nmodels:\n  - model: x\n"))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingKey));
        Assert.That(error.Message, Does.Match("^r.yaml:[1-4]").And.Contain("weight"));
    }

    private string Recipe(params double[] weights) => Recipe([.. weights.Select(weight => $"{weight}")]);

    private string Recipe(params string[] weights) =>
        $"merge_method: {method}\nbase_model: b\nmodels:\n"
        + string.Concat(weights.Select((weight, k) => $"  - {{model: m{k}, parameters: {{weight: {weight}}}}}\n"));
}
