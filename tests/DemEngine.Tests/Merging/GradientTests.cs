using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>At which numbers gradients are read outside the layers, and what is said of it.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class GradientTests
{
    private LayeredModels _models = null!;

    [SetUp]
    public void WriteModels() => _models = new LayeredModels().Add("a", 3, 1);

    [TearDown]
    public void DeleteModels() => _models.Dispose();

    [TestCase("", 0.25, 1)]
    [TestCase("gradient_after_layers: first\n", 0.25, 1)]
    [TestCase("gradient_after_layers: last\n", 0.75, 0)]
    public void What_follows_the_layers_reads_the_end_that_the_recipe_says(string key, double weight, int remarks)
    {
        var report = _models.Folder.Merge($"{key}merge_method: linear\nmodels: [{{model: a, parameters: {{weight: [0.25, 0.75]}}}}]\nparameters: {{normalize: false}}");
        void Check(string tensor, double expected) =>
            _models.AssertTensor("out", tensor, ReferenceMerge.Linear(ElementType.BF16, (expected, _models.Tensor("a", tensor))));
        Check("model.embed_tokens.weight", 0.25);
        Check("model.layers.1.mlp.up_proj.weight", 0.5);
        Check("model.layers.2.mlp.up_proj.weight", 0.75);
        Check("model.norm.weight", weight);
        Check("lm_head.weight", weight);
        Assert.That(report.Remarks.Where(remark => remark.StartsWith("2 tensors after the layers", StringComparison.Ordinal)).Count(), Is.EqualTo(remarks));
    }

    [TestCase("0.5")]
    [TestCase("[0.5, 0.5]")]
    [TestCase("[{filter: layers, value: [0.25, 0.75]}, {value: 1}]")]
    public void Nothing_is_said_where_no_gradient_is_read_after_the_layers(string weight) => Assert.That(
        _models.Folder.Merge($"merge_method: linear\nmodels: [{{model: a, parameters: {{weight: {weight}}}}}]\nparameters: {{normalize: false}}").Remarks, Is.Empty);

    [Test]
    public void A_key_of_another_value_is_refused() => Assert.That(
        Failing.With(ErrorCode.WrongValue, () => _models.Folder.Plan("merge_method: passthrough\ngradient_after_layers: middle\nmodels: [{model: a}]")).Message,
        Does.Contain("expected first or last, found \"middle\""));

    [Test]
    public void A_gradient_over_a_model_without_layers_is_refused()
    {
        _models.Folder.Model("flat", TestCheckpoint.Tensor("mlp.0.weight", ElementType.F32, [2, 2]), TestCheckpoint.Tensor("mlp.2.weight", ElementType.F32, [2, 2]));
        DemException error = Failing.With(
            ErrorCode.NoLayers, () => _models.Folder.Merge("merge_method: linear\nmodels: [{model: flat}]\nparameters:\n  weight: [0, 1]"));
        Assert.That(error.Message, Does.StartWith("r.yaml:4: parameters.weight").And.Contain("\"flat\""));
        Assert.That(() => _models.Folder.Merge("merge_method: linear\nmodels: [{model: flat}]\nparameters: {weight: 0.5}"), Throws.Nothing);
        Assert.That(
            () => _models.Folder.Merge("merge_method: linear\nmodels: [{model: flat}]\nparameters: {weight: [{filter: layers, value: [0, 1]}, {value: 1}]}", "other"), Throws.Nothing);
    }
}
