using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Tests.Recipes;

public sealed class ParameterValueTests
{
    private static ParameterValue Value(string yaml) =>
        RecipeErrors.WithModelParameters("w: " + yaml).Models[0].Parameters.Find("w")!;

    [TestCase("1", 1)]
    [TestCase("+1", 1)]
    [TestCase("-3", -3)]
    [TestCase("010", 10)]
    [TestCase("0x1F", 31)]
    [TestCase("0o17", 15)]
    [TestCase("0.5", 0.5)]
    [TestCase(".5", 0.5)]
    [TestCase("5.", 5)]
    [TestCase("1e-3", 0.001)]
    [TestCase("-1.5E+2", -150)]
    [TestCase("4.9e-324", 4.9e-324)]
    public void Numbers_are_those_of_YAML_1_2(string yaml, double number) =>
        Assert.That(Value(yaml), Is.EqualTo(new NumberValue(number)));

    [TestCase("true", true)]
    [TestCase("False", false)]
    [TestCase("TRUE", true)]
    public void Flags_are_those_of_YAML_1_2(string yaml, bool flag) => Assert.That(Value(yaml), Is.EqualTo(new FlagValue(flag)));

    [TestCase("yes", "yes")]
    [TestCase("sum", "sum")]
    [TestCase("\"0.5\"", "0.5")]
    [TestCase("'true'", "true")]
    [TestCase("\"\"", "")]
    [TestCase("1_000", "1_000")]
    [TestCase("0,5", "0,5")]
    [TestCase("1 2", "1 2")]
    [TestCase("\u0661", "\u0661")]
    [TestCase("tRue", "tRue")]
    [TestCase("|\n    a\n    b", "a\nb\n")]
    public void Anything_else_is_a_text(string yaml, string text) => Assert.That(Value(yaml), Is.EqualTo(new TextValue(text)));

    [TestCase(".nan")]
    [TestCase(".inf")]
    [TestCase("-.INF")]
    [TestCase("1e999")]
    [TestCase("-1e999")]
    [TestCase("[0, .nan]")]
    public void Only_finite_numbers_are_taken(string yaml)
    {
        DemException error = RecipeErrors.Of(() => Value(yaml));
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
        Assert.That(error.Message, Does.StartWith("r.yaml:5: models[0].parameters.w").And.Contain("expected a finite number"));
    }

    [Test]
    public void A_list_of_numbers_is_a_gradient() =>
        Assert.That(Value("[0, 0.5, 1]"), Is.EqualTo(new GradientValue([0, 0.5, 1])));

    [TestCase(0, 0)]
    [TestCase(0.25, 0.5)]
    [TestCase(0.5, 1)]
    [TestCase(0.75, 0.25)]
    [TestCase(1, -0.5)]
    public void A_gradient_runs_straight_between_its_points(double t, double expected) =>
        Assert.That(new GradientValue([0, 1, -0.5]).Evaluate("x", t), Is.EqualTo(new NumberValue(expected)));

    [Test]
    public void A_gradient_of_one_number_is_the_same_everywhere([Values(0, 0.3, 1)] double t) =>
        Assert.That(new GradientValue([0.7]).Evaluate("x", t), Is.EqualTo(new NumberValue(0.7)));

    [Test]
    public void A_gradient_meets_its_points_exactly_at_every_layer()
    {
        double[] points = [0.1, 0.2, 0.7, -1, 3];
        var gradient = new GradientValue([.. points]);
        for (int i = 0; i < points.Length; i++)
            Assert.That(gradient.Evaluate("x", i / 4.0), Is.EqualTo(new NumberValue(points[i])));
    }

    [TestCase(-0.001)]
    [TestCase(1.001)]
    [TestCase(double.NaN)]
    public void A_depth_is_from_0_to_1(double t)
    {
        Assert.That(() => new NumberValue(1).Evaluate("x", t), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => new GradientValue([1]).Evaluate("x", t), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ScopedParameters(ParameterScope.Empty).Find("w", "x", t), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ScopedParameters(ParameterScope.Empty).Number("w", "x", t, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void The_first_condition_that_matches_wins()
    {
        ParameterValue value = Value("\n  - filter: attn\n    value: 1\n  - filter: layers.1.\n    value: [2, 3]\n  - filter: attn.q\n    value: 4");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(value.Evaluate("layers.0.attn.q", 0), Is.EqualTo(new NumberValue(1)));
            Assert.That(value.Evaluate("layers.1.attn.q", 0), Is.EqualTo(new NumberValue(1)));
            Assert.That(value.Evaluate("layers.1.mlp", 0.5), Is.EqualTo(new NumberValue(2.5)));
            Assert.That(value.Evaluate("layers.10.mlp", 0), Is.Null);
            Assert.That(value.Evaluate("layers.0.ATTN", 0), Is.Null);
        }
    }

    [TestCase("- filter: \"*\"\n    value: 2")]
    [TestCase("- value: 2")]
    [TestCase("- value: 2\n    filter:")]
    public void A_star_or_no_filter_takes_the_rest(string rest)
    {
        ParameterValue value = Value("\n  - filter: mlp\n    value: 1\n  " + rest);
        Assert.That(value.Evaluate("mlp", 0), Is.EqualTo(new NumberValue(1)));
        Assert.That(value.Evaluate("norm", 0), Is.EqualTo(new NumberValue(2)));
    }

    [Test]
    public void Nothing_after_a_condition_that_matches_all_is_reached()
    {
        ParameterValue value = Value("[{value: a}, {filter: mlp, value: b}]");
        Assert.That(value.Evaluate("mlp", 0), Is.EqualTo(new TextValue("a")));
    }

    [Test]
    public void Values_made_by_a_program_keep_the_same_rules()
    {
        Assert.That(() => new NumberValue(double.NaN), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => new GradientValue([]), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => new GradientValue([double.PositiveInfinity]), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => new ConditionalValue([]), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => new Condition("", new NumberValue(1)), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => new ParameterScope([new("w", new NumberValue(1)), new("w", new NumberValue(2))]), Throws.InstanceOf<ArgumentException>());
    }
}
