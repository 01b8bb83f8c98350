using DemEngine.Merging.Planning;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Tests.Methods;

/// <summary>A recipe against its method, before any model is opened.</summary>
public sealed class RecipeCheckTests
{
    [Test]
    public void There_are_the_methods_that_people_use() =>
        Assert.That(MergeMethods.All.Select(method => method.Name), Is.EqualTo(new[]
        {
            "arcee_fusion", "breadcrumbs", "breadcrumbs_ties", "dare_linear", "dare_ties", "della", "della_linear", "dem", "karcher", "linear",
            "model_stock", "multislerp", "nearswap", "nuslerp", "passthrough", "ram", "ramplus_tl", "sce", "slerp", "task_arithmetic", "ties",
        }));

    [Test]
    public void Each_says_what_it_is()
    {
        foreach (IMergeMethod method in MergeMethods.All)
        {
            Assert.That(MergeMethods.Find(method.Name), Is.SameAs(method));
            Assert.That(method.Summary, Is.Not.Empty);
            Assert.That(method.Parameters.Select(parameter => parameter.Name), Is.Unique);
            Assert.That(method.Parameters.Select(parameter => parameter.Meaning), Is.All.Not.Empty);
        }
    }

    [Test]
    public void An_unknown_method_is_refused_and_the_known_are_named()
    {
        string message = Refused(3006, "merge_method: tied\nmodels: [{model: x}]");
        Assert.That(message, Does.Contain("tied").And.Contain("dem").And.Contain("slerp").And.StartWith("r.yaml:1"));
    }

    [Test]
    public void An_unknown_parameter_is_refused_in_either_scope([Values("dem", "linear", "slerp", "task_arithmetic")] string method)
    {
        string head = $"merge_method: {method}\nbase_model: b\nmodels:\n  - model: x\n";
        Assert.That(Refused(3003, head + "parameters: {densty: 1}"), Does.Contain(method).And.Contain("densty").And.StartWith("r.yaml:5"));
        Assert.That(Refused(3003, head + "    parameters:\n      densty: 1"), Does.Contain(method).And.Contain("densty").And.StartWith("r.yaml:6"));
    }

    [TestCase("dem", "lambda: 1")]
    [TestCase("linear", "normalize: true")]
    [TestCase("slerp", "t: 0.5")]
    public void A_global_parameter_is_refused_with_a_model(string method, string parameter) =>
        Refused(3003, $"merge_method: {method}\nbase_model: b\nmodels:\n  - {{model: x, parameters: {{{parameter}}}}}");

    [Test]
    public void A_misspelt_parameter_of_another_method_is_named() =>
        Assert.That(
            Refused(3003, "merge_method: slerp\nbase_model: b\nmodels: [{model: x}]\nparameters: {t: 0.5, normalise: true}"),
            Does.Contain("did you mean \"normalize\"?"));

    [TestCase("model_stock", "weight: 0.5, density: 0.3")]
    [TestCase("slerp", "normalize: true, int8_mask: true, weight: 0.5")]
    [TestCase("sce", "weight: 0.5, normalize: 1.0")]
    [TestCase("task_arithmetic", "density: 0.3, rescale: true, int8_mask: true")]
    [TestCase("passthrough", "t: 0.5, int8_mask: true")]
    public void A_parameter_of_another_method_is_passed_over_in_either_scope(string method, string parameters)
    {
        string models = method == "model_stock" ? "{model: x}, {model: y}" : "{model: x}";
        Assert.That(() => Check($"merge_method: {method}\nbase_model: b\nmodels: [{models}]\nparameters: {{{parameters}}}"), Throws.Nothing);
        string own = models.Replace("x}", $"x, parameters: {{{parameters}}}}}", StringComparison.Ordinal);
        Assert.That(() => Check($"merge_method: {method}\nbase_model: b\nmodels: [{own}]"), Throws.Nothing);
    }

    [TestCase("lambda: true")]
    [TestCase("normalize: 2")]
    [TestCase("weight: much")]
    public void A_value_of_the_wrong_type_is_refused(string parameter) =>
        Assert.That(Refused(3004, $"merge_method: dem\nbase_model: b\nmodels: [{{model: x}}]\nparameters:\n  {parameter}"), Does.StartWith("r.yaml:5"));

    [Test]
    public void A_missing_base_is_refused([Values("dem", "slerp", "task_arithmetic")] string method) =>
        Assert.That(Refused(3005, $"merge_method: {method}\nmodels: [{{model: x}}]"), Does.Contain("base_model").And.Contain(method));

    [Test]
    public void Linear_needs_no_base() => Assert.That(() => Check("merge_method: linear\nmodels: [{model: x}]"), Throws.Nothing);

    [Test]
    public void Nuslerp_and_multislerp_merge_vectors_where_there_is_a_base([Values("nuslerp", "multislerp")] string method)
    {
        const string models = "models:\n  - vector: v\n  - model: m";
        Assert.That(() => Check($"merge_method: {method}\nbase_model: b\n{models}"), Throws.Nothing);
        Refused(3004, $"merge_method: {method}\n{models}");
    }

    [Test]
    public void The_base_is_none_of_the_two_that_nuslerp_takes() =>
        Refused(3009, "merge_method: nuslerp\nbase_model: b\nmodels: [{model: b}, {model: x}]");

    [Test]
    public void A_vector_is_refused_where_whole_models_are_merged([Values("linear", "slerp", "karcher")] string method) =>
        Assert.That(Refused(3004, $"merge_method: {method}\nbase_model: b\nmodels:\n  - vector: v"), Does.StartWith("r.yaml:4").And.Contain("vector"));

    [Test]
    public void Slerp_takes_one_model_beside_the_base()
    {
        Assert.That(Refused(3009, "merge_method: slerp\nbase_model: b\nmodels: [{model: x}, {model: y}]"), Does.Contain("2"));
        Refused(3009, "merge_method: slerp\nbase_model: b\nmodels: [{model: b}]");
        Assert.That(() => Check("merge_method: slerp\nbase_model: b\nmodels: [{model: b}, {model: x}]"), Throws.Nothing);
    }

    [Test]
    public void The_base_among_the_models_is_no_source() => Refused(3009, "merge_method: dem\nbase_model: b\nmodels: [{model: b}]");

    private static IMergeMethod Check(string recipe) => MergePlanner.CheckRecipe(RecipeReader.Parse(recipe, "r.yaml"));

    private static string Refused(int code, string recipe)
    {
        DemException error = Assert.Throws<DemException>(() => Check(recipe))!;
        Assert.That(error.Code.Number, Is.EqualTo(code), error.Message);
        return error.Message;
    }
}
