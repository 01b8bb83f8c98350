using DemEngine.Merging.Planning;

namespace DemEngine.Tests.Merging;

/// <summary>What a plan remarks about how a recipe was understood.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class RemarkTests
{
    private readonly LayeredModels _models = new LayeredModels().Add("a", 2, 1).Add("b", 2, 2).Add("c", 2, 3);

    [OneTimeTearDown]
    public void DeleteModels() => _models.Dispose();

    [TestCase("model_stock", "weight: 0.5, int8_mask: 1.0", "model_stock does not use int8_mask and weight")]
    [TestCase("task_arithmetic", "weight: 1, density: 0.3, rescale: true", "task_arithmetic does not use density and rescale")]
    [TestCase("sce", "normalize: true, int8_mask: true", "sce does not use normalize:")]
    public void What_a_method_does_not_use_is_named(string method, string parameters, string remark)
    {
        using MergePlan plan = Plan(method, parameters);
        Assert.That(plan.Plan.Remarks, Has.One.StartsWith(remark));
    }

    [Test]
    public void What_a_method_uses_is_not_remarked()
    {
        using MergePlan plan = Plan("ties", "weight: 1, density: 0.3, int8_mask: true, normalize: yes");
        Assert.That(plan.Plan.Remarks, Is.Empty);
    }

    [Test]
    public void Task_arithmetic_with_the_parameters_of_ties_is_task_arithmetic()
    {
        const string Models = "merge_method: task_arithmetic\nbase_model: a\nmodels: [{model: b}, {model: c}]\n";
        _models.Folder.Merge(Models + "parameters: {weight: 0.4}", "plain");
        _models.Folder.Merge(Models + "parameters: {weight: 0.4, density: 0.2, rescale: 1.0, int8_mask: 1.0}", "more");
        foreach (string name in _models.NamesOf("plain"))
            _models.AssertTensor("more", name, _models.Folder.Bytes("plain", name));
    }

    [TestCase("linear")]
    [TestCase("karcher")]
    public void A_base_that_is_not_listed_is_merged_too(string method)
    {
        string head = $"merge_method: {method}\nbase_model: a\nparameters: {{weight: 0.25}}\n";
        IReadOnlyList<string> remarks =
            _models.Folder.Merge(head + "models: [{model: b}, {model: c, parameters: {weight: 0.5}}]", method).Remarks;
        Assert.That(remarks, Has.One.StartsWith($"{method} merges the base \"a\" as the last of the models"));
        remarks = _models.Folder.Merge(
            head + "models: [{model: b}, {model: c, parameters: {weight: 0.5}}, {model: a}]", method + " listed").Remarks;
        Assert.That(remarks, Is.Empty);
        foreach (string name in _models.NamesOf(method))
            _models.AssertTensor(method, name, _models.Folder.Bytes(method + " listed", name));
    }

    [Test]
    public void A_base_that_is_neither_listed_nor_weighted_is_left_out()
    {
        using MergePlan plan = _models.Folder.Plan(
            "merge_method: linear\nbase_model: a\nmodels: [{model: b, parameters: {weight: 1}}]");
        Assert.That(plan.Plan.Remarks, Has.Some.StartsWith("linear leaves out the base \"a\""));
        Assert.That(plan.Plan.PlannedTensors.Select(tensor => tensor.Operation), Has.All.EqualTo("x1"));
    }

    [Test]
    public void The_base_of_passthrough_or_of_slices_is_not_added()
    {
        using MergePlan passed = _models.Folder.Plan("merge_method: passthrough\nbase_model: a\nmodels: [{model: b}]");
        Assert.That(passed.Plan.Remarks, Is.Empty);
        using MergePlan sliced = _models.Folder.Plan(
            "merge_method: linear\nbase_model: a\nslices: [{sources: [{model: b, layer_range: [0, 2], parameters: {weight: 1}}]}]");
        Assert.That(sliced.Plan.Remarks, Is.Empty);
    }

    [Test]
    public void A_slice_of_one_model_alone_is_taken_as_it_is()
    {
        IReadOnlyList<string> remarks = _models.Folder.Merge(
            """
            merge_method: slerp
            base_model: a
            slices:
              - sources: [{model: a, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}]
              - sources: [{model: c, layer_range: [1, 2]}]
            parameters: {t: 0.5}
            """,
            "alone").Remarks;
        Assert.That(remarks, Is.EqualTo(["layer range [1, 2] is of \"c\" alone and taken as it is, since slerp merges several"]));
        foreach (string name in _models.NamesOf("alone").Where(name => name.Contains("layers.1", StringComparison.Ordinal) || name == "lm_head.weight"))
            _models.AssertTensor("alone", name, _models.Tensor("c", name).Bytes);
    }

    private MergePlan Plan(string method, string parameters) => _models.Folder.Plan(
        $"merge_method: {method}\nbase_model: a\nmodels: [{{model: b}}, {{model: c}}]\nparameters: {{{parameters}}}");
}
