using DemEngine.Recipes;
using DemEngine.Recipes.Values;
using DemEngine.Search.Space;

namespace DemEngine.Search.Tests;

public class CoefficientMapTests
{
    private DirectionFamily _family = null!;

    [OneTimeSetUp]
    public void Make() => _family = new DirectionFamily();

    [OneTimeTearDown]
    public void Delete() => _family.Dispose();

    [Test]
    public void Each_source_has_a_coefficient_of_its_own()
    {
        Recipe recipe = _family.Recipe("math", "code");
        var map = new CoefficientMap(recipe, DirectionFamily.Tensors, new CoefficientOptions { RangeOf = new Dictionary<string, CoefficientRange> { ["code"] = CoefficientRange.Of(-1, 1, 0.5) } });
        Assert.That(map.Space.Dimensions.Select(dimension => $"{dimension.Name} {dimension.Range}"), Is.EqualTo(["math 0:1:0.1", "code -1:1:0.5"]));

        Coefficients coefficients = map.Expand(new SearchPoint(0.25, -0.5));
        Assert.That(coefficients, Is.EqualTo(Coefficients.Of(0.25, -0.5)));
        Recipe applied = map.Apply(coefficients);
        Assert.That(applied.Models.Select((_, k) => applied.ParametersOf(k).Number("weight", "any", 0, null)), Is.EqualTo([0.25, -0.5]));
        Assert.That(RecipeReader.Parse(applied.ToYaml(), "r"), Is.EqualTo(RecipeReader.Parse(
            "{merge_method: dem, base_model: base, models: [{model: math, parameters: {weight: 0.25}}, {model: code, parameters: {weight: -0.5}}]}", "r")));
        Assert.That(map.PointOf(coefficients), Is.EqualTo(new SearchPoint(0.25, -0.5)));
    }

    [Test]
    public void A_shared_coefficient_is_that_of_all()
    {
        var map = new CoefficientMap(_family.Recipe("math", "code", "chat"), DirectionFamily.Tensors, new CoefficientOptions { Shared = true });
        Assert.That(map.Space.Dimensions.Select(dimension => dimension.Name), Is.EqualTo(["all sources"]));
        Assert.That(map.Expand(new SearchPoint(0.4)), Is.EqualTo(Coefficients.Of(0.4, 0.4, 0.4)));
        Assert.That(map.PointOf(Coefficients.Of(0.4, 0.4, 0.4)), Is.EqualTo(new SearchPoint(0.4)));
        Assert.That(map.PointOf(Coefficients.Of(0.4, 0.4, 0.5)), Is.Null);
    }

    [Test]
    public void Layer_groups_have_coefficients_of_their_own()
    {
        var map = new CoefficientMap(_family.Recipe("math", "code"), DirectionFamily.Tensors, new CoefficientOptions { LayerGroups = 2 });
        Assert.That(map.Space.Dimensions.Select(dimension => dimension.Name), Is.EqualTo(["math, layers 0-1", "math, layers 2-3", "code, layers 0-1", "code, layers 2-3"]));

        Recipe applied = RecipeReader.Parse(map.Apply(map.Expand(new SearchPoint(0.1, 0.2, 0.3, 0.3))).ToYaml(), "r");
        double[] Weights(int model) => [.. DirectionFamily.Tensors.Select(tensor => applied.ParametersOf(model).Number("weight", tensor, 0.5, null))];
        Assert.That(Weights(0), Is.EqualTo([0.1, 0.1, 0.1, 0.2, 0.2, 0.2]));
        Assert.That(Weights(1), Is.All.EqualTo(0.3));
        Assert.That(applied.Models[1].Parameters.Find("weight"), Is.InstanceOf<NumberValue>(), "one number where all groups have the same");
        Assert.That(map.PointOf(Coefficients.Of(0.1, 0.3)), Is.EqualTo(new SearchPoint(0.1, 0.1, 0.3, 0.3)));
        Assert.That(map.PointOf(new Coefficients([[0.1, 0.2, 0.3], [0.3]])), Is.Null, "of other groups");
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(12)]
    public void Every_tensor_falls_into_the_group_of_its_depth(int count)
    {
        // Names in which one filter lies within another, and a dozen layers, so that 1 lies within 11.
        string[] tensors =
        [
            "model.embed_tokens.weight", "vision.model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
            .. Enumerable.Range(0, 12).SelectMany(layer => new[] { $"model.layers.{layer}.a.weight", $"vision.model.layers.{layer}.a.weight", $"encoder.block.{layer}.layer.1.b" }),
        ];
        var groups = new LayerGroups(tensors, count);
        ParameterValue value = groups.ValueOf([.. Enumerable.Range(0, count).Select(k => k + 0.5)]);
        for (int layer = 0; layer < 12; layer++)
        {
            int expected = Math.Min(count - 1, (int)(layer / 11.0 * count));
            foreach (string tensor in tensors.Where(name => name.Contains($"layers.{layer}.") || name.Contains($"block.{layer}.")))
                Assert.That(value.Evaluate(tensor, 0), Is.EqualTo(new NumberValue(expected + 0.5)), tensor);
        }

        Assert.That(tensors.Take(2).Select(tensor => value.Evaluate(tensor, 0)), Is.All.EqualTo(new NumberValue(0.5)));
        Assert.That(tensors.Skip(2).Take(2).Select(tensor => value.Evaluate(tensor, 0)), Is.All.EqualTo(new NumberValue(count - 0.5)));
    }

    [Test]
    public void A_search_starts_where_the_recipe_is()
    {
        Recipe recipe = RecipeReader.Parse("{merge_method: dem, base_model: base, models: [{model: math, parameters: {weight: 0.3}}, {model: code}], parameters: {weight: 0.7}}", "r");
        Assert.That(new CoefficientMap(recipe, DirectionFamily.Tensors, new CoefficientOptions()).Space.Start, Is.EqualTo(new SearchPoint(0.3, 0.7)));
        Assert.That(new CoefficientMap(recipe, DirectionFamily.Tensors, new CoefficientOptions { Shared = true }).Space.Start, Is.EqualTo(new SearchPoint(0.5)));
        Recipe gradient = RecipeReader.Parse("{merge_method: dem, base_model: base, models: [{model: math, parameters: {weight: [0.1, 0.2]}}, {model: code}], parameters: {weight: 0.7}}", "r");
        Assert.That(new CoefficientMap(gradient, DirectionFamily.Tensors, new CoefficientOptions()).Space.Start, Is.EqualTo(new SearchPoint(0.5, 0.5)));
    }

    [Test]
    public void A_parameter_of_the_whole_recipe_can_be_searched()
    {
        Recipe recipe = RecipeReader.Parse("{merge_method: slerp, base_model: base, models: [{model: math}]}", "r");
        var map = new CoefficientMap(recipe, DirectionFamily.Tensors, new CoefficientOptions());
        Assert.That(map.Sources, Is.EqualTo(["t"]));
        Assert.That(map.Apply(Coefficients.Of(0.35)).Parameters.Find("t"), Is.EqualTo(new NumberValue(0.35)));
        var lambda = new CoefficientMap(_family.Recipe("math", "code"), DirectionFamily.Tensors, new CoefficientOptions { Parameter = "lambda" });
        Assert.That(lambda.Sources, Is.EqualTo(["lambda"]));
    }

    [Test]
    public void What_does_not_fit_the_recipe_is_refused()
    {
        Recipe recipe = _family.Recipe("math", "code");
        void Refused(CoefficientOptions options, string message) => Assert.That(
            () => new CoefficientMap(recipe, DirectionFamily.Tensors, options),
            Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.BadArgument).And.Message.Contains(message));
        Refused(new CoefficientOptions { RangeOf = new Dictionary<string, CoefficientRange> { ["cod"] = CoefficientRange.Default } }, "\"cod\"");
        Refused(new CoefficientOptions { LayerGroups = 5 }, "4 layers");
        Refused(new CoefficientOptions { Parameter = "density" }, "it has weight, lambda");
    }

    [TestCase("{merge_method: dem, base_model: base, slices: [{sources: [{model: base, layer_range: [0, 4]}, {model: math, layer_range: [0, 4]}]}]}", "slices")]
    [TestCase("{merge_method: dem, base_model: base, modules: {text_model: {models: [{model: math}]}}}", "modules")]
    [TestCase("{merge_method: dem, base_model: base, models: [{model: math}], name: first}\n---\n{merge_method: dem, base_model: base, models: [{model: first}, {model: code}]}", "several documents")]
    public void Only_whole_models_have_coefficients_to_search(string yaml, string named) => Assert.That(
        () => new CoefficientMap(RecipeReader.Parse(yaml, "r"), DirectionFamily.Tensors, new CoefficientOptions()),
        Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.UnsupportedFeature).And.Message.Contains(named));
}
