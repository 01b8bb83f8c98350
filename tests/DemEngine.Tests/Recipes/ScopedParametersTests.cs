using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Tests.Recipes;

public sealed class ScopedParametersTests
{
    private const string Text = """
        merge_method: dem
        models:
          - model: a
            parameters:
              weight:
                - filter: mlp
                  value: 0.1
              seed: 7
              half: 0.5
              on: yes
          - model: b
        parameters:
          weight: 0.2
          normalize: true
          mode: sum
          quoted: "0.5"
          ramp: [0, 1]
          rest:
            - filter: mlp
              value: 1
            - filter: attn
              value: abc
        """;

    private static readonly Recipe Recipe = RecipeErrors.Parse(Text);
    private static readonly ScopedParameters First = Recipe.ParametersOf(0);
    private static readonly ScopedParameters Second = Recipe.ParametersOf(1);

    [Test]
    public void A_model_s_own_value_comes_before_that_for_all_and_that_before_the_default()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(First.Number("weight", "mlp", 0, 9), Is.EqualTo(0.1));
            Assert.That(First.Number("weight", "norm", 0, 9), Is.EqualTo(0.2), "no condition matches, so the value for all");
            Assert.That(Second.Number("weight", "mlp", 0, 9), Is.EqualTo(0.2));
            Assert.That(Recipe.GlobalParameters().Number("weight", "mlp", 0, 9), Is.EqualTo(0.2));
            Assert.That(Second.Number("density", "mlp", 0, 9), Is.EqualTo(9));
            Assert.That(Second.Number("rest", "norm", 0, 9), Is.EqualTo(9), "no condition matches, so the default");
            Assert.That(Second.Find("rest", "norm", 0), Is.Null);
        }
    }

    [Test]
    public void Each_type_is_read_as_itself()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(First.Integer("seed", "x", 0, null), Is.EqualTo(7));
            Assert.That(First.Flag("normalize", "x", 0, null), Is.True);
            Assert.That(First.Text("mode", "x", 0, null), Is.EqualTo("sum"));
            Assert.That(First.Number("ramp", "x", 0.25, null), Is.EqualTo(0.25));
            Assert.That(First.Integer("none", "x", 0, 3), Is.EqualTo(3));
            Assert.That(First.Flag("none", "x", 0, true), Is.True);
            Assert.That(First.Text("none", "x", 0, "d"), Is.EqualTo("d"));
        }
    }

    private static IEnumerable<TestCaseData> WrongTypes()
    {
        static TestCaseData Case(string name, Action act, string message) =>
            new TestCaseData(act, message).SetName("Wrong type: " + name);
        yield return Case("text for number", () => First.Number("mode", "x", 0, 1),
            "r.yaml:15: parameters.mode: expected a number, a list of numbers or a list of {filter, value}, found the text \"sum\"");
        yield return Case("quoted number", () => First.Number("quoted", "x", 0, 1),
            "r.yaml:16: parameters.quoted: expected a number, a list of numbers or a list of {filter, value}, found the text \"0.5\"");
        yield return Case("flag for number", () => First.Number("normalize", "x", 0, 1),
            "r.yaml:14: parameters.normalize: expected a number, a list of numbers or a list of {filter, value}, found true");
        yield return Case("text in a condition", () => First.Number("rest", "attn", 0, 1),
            "r.yaml:22: parameters.rest[1].value: expected a number, a list of numbers or a list of {filter, value}, found the text \"abc\"");
        yield return Case("fraction for whole number", () => First.Integer("half", "x", 0, 1),
            "r.yaml:9: models[0].parameters.half: expected a whole number or a list of {filter, value}, found the number 0.5");
        yield return Case("gradient for whole number", () => First.Integer("ramp", "x", 1, 1),
            "r.yaml:17: parameters.ramp: expected a whole number or a list of {filter, value}, found a list of numbers");
        yield return Case("half for a flag", () => First.Flag("half", "x", 0, true),
            "r.yaml:9: models[0].parameters.half: expected true, false or a list of {filter, value}, found the number 0.5");
        yield return Case("number for text", () => First.Text("seed", "x", 0, "d"),
            "r.yaml:8: models[0].parameters.seed: expected a text or a list of {filter, value}, found the number 7");
    }

    [TestCaseSource(nameof(WrongTypes))]
    public void A_value_of_another_type_is_refused(Action act, string message)
    {
        DemException error = RecipeErrors.Of(act);
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
        Assert.That(error.Message, Is.EqualTo(message));
    }

    [TestCase(true, "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "1", "1.0", "'true'")]
    [TestCase(false, "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "0", "0.0", "'no'")]
    public void A_flag_is_any_that_YAML_1_1_has_or_1_or_0(bool flag, params string[] words)
    {
        foreach (string word in words)
        {
            ScopedParameters parameters = RecipeErrors.WithModelParameters($"f: {word}\nby:\n  - filter: x\n    value: {word}").ParametersOf(0);
            Assert.That(parameters.Flag("f", "x", 0, null), Is.EqualTo(flag), word);
            Assert.That(parameters.Flag("by", "x", 0, null), Is.EqualTo(flag), word);
            Assert.That(parameters.Choice("f", "x", 0, "l1", "true", "false"), Is.EqualTo(flag ? "true" : "false"), word);
        }
    }

    [TestCase("2")]
    [TestCase("-1")]
    [TestCase("y")]
    [TestCase("tRue")]
    [TestCase("[1.0]")]
    public void What_is_no_flag_is_refused(string word) =>
        Assert.That(
            RecipeErrors.Of(() => RecipeErrors.WithModelParameters("f: " + word).ParametersOf(0).Flag("f", "x", 0, null)).Code,
            Is.SameAs(ErrorCode.WrongValue));

    [Test]
    public void A_whole_number_must_be_one_that_a_double_holds_exactly()
    {
        ScopedParameters parameters = RecipeErrors.WithModelParameters("big: 9007199254740993\nlast: 9007199254740991").ParametersOf(0);
        Assert.That(parameters.Integer("last", "x", 0, null), Is.EqualTo(9007199254740991));
        Assert.That(RecipeErrors.Of(() => parameters.Integer("big", "x", 0, null)).Code, Is.SameAs(ErrorCode.WrongValue));
    }

    [Test]
    public void What_a_method_needs_and_nobody_gives_is_missing()
    {
        DemException error = RecipeErrors.Of(() => First.Number("density", "x", 0, null));
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingKey));
        Assert.That(error.Message, Does.StartWith("r.yaml:4: models[0].parameters.density: "));

        error = RecipeErrors.Of(() => Second.Text("density", "x", 0, null));
        Assert.That(error.Message, Does.StartWith("r.yaml:11: models[1].parameters.density: "));
    }

    [Test]
    public void Conditions_that_all_fail_are_named_when_there_is_no_default()
    {
        DemException error = RecipeErrors.Of(() => Second.Number("rest", "norm", 0, null));
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingKey));
        Assert.That(error.Message, Does.StartWith("r.yaml:18: parameters.rest: no condition matches the tensor \"norm\""));
    }

    [Test]
    public void A_parameter_that_the_method_does_not_know_is_refused()
    {
        ParameterScope scope = RecipeErrors.WithModelParameters("weight: 1\nlamda: 2").Models[0].Parameters;
        scope.RefuseUnknown(["lamda", "weight"], "dem");
        DemException error = RecipeErrors.Of(() => scope.RefuseUnknown(["weight", "lambda"], "dem"));
        Assert.That(error.Code, Is.SameAs(ErrorCode.UnknownKey));
        Assert.That(error.Message, Is.EqualTo(
            "r.yaml:6: models[0].parameters.lamda: the method dem has no parameter \"lamda\" (did you mean \"lambda\"?); it takes lambda, weight"));
        Assert.That(RecipeErrors.Of(() => scope.RefuseUnknown([], "dem")).Message, Does.EndWith("it takes no parameters here"));
    }

    [Test]
    public void A_type_can_be_required_of_every_condition_at_once()
    {
        Recipe.Parameters.Require("weight", ParameterType.Number);
        Recipe.Parameters.Require("none", ParameterType.Number);
        DemException error = RecipeErrors.Of(() => Recipe.Parameters.Require("rest", ParameterType.Number));
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
        Assert.That(error.Message, Does.StartWith("r.yaml:22: parameters.rest[1].value: "));
    }
}
