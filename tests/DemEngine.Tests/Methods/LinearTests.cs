using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

public sealed class LinearTests
{
    private const string Recipe = """
        merge_method: linear
        models:
          - {model: x, parameters: {weight: 0.7}}
          - {model: y, parameters: {weight: 0.4}}

        """;

    [Test]
    public void Weights_are_divided_by_their_sum() =>
        Assert.That(Solving.Weights(Recipe), Is.EqualTo(new[] { (float)(0.7 / (0.7 + 0.4)), (float)(0.4 / (0.7 + 0.4)) }));

    [Test]
    public void They_are_not_when_told() =>
        Assert.That(Solving.Weights(Recipe + "parameters: {normalize: false}"), Is.EqualTo(new[] { 0.7f, 0.4f }));

    [Test]
    public void Weights_that_cancel_are_not_divided() =>
        Assert.That(Solving.Weights(Recipe.Replace("0.4", "-0.7", StringComparison.Ordinal)), Is.EqualTo(new[] { 0.7f, -0.7f }));

    [Test]
    public void Whole_models_are_added()
    {
        LinearCombination sum = Solving.Of(Recipe);
        Assert.That(sum.UsesBase, Is.False);
        Assert.That(sum.Terms.Select(term => term.Kind), Is.All.EqualTo(TermKind.Plain));
    }
}
