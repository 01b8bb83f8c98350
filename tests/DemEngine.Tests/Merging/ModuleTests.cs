using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>Models of several stacks, merged module by module.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ModuleTests
{
    private static readonly string[] Names =
    [
        "shared.weight",
        .. Enumerable.Range(0, 3).Select(layer => $"encoder.block.{layer}.layer.0.SelfAttention.q.weight"),
        "encoder.final_layer_norm.weight",
        .. Enumerable.Range(0, 2).Select(layer => $"decoder.block.{layer}.layer.1.EncDecAttention.q.weight"),
        "decoder.final_layer_norm.weight",
    ];

    private readonly Dictionary<string, Dictionary<string, (TensorSpec Spec, byte[] Bytes)>> _tensors = [];
    private ModelFolder _folder = null!;

    [SetUp]
    public void WriteModels()
    {
        _folder = new ModelFolder();
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            (TensorSpec Spec, byte[] Bytes)[] tensors = [.. Names.Select(name => Values.Random(name, ElementType.F32, [4, 3], seed))];
            _tensors[model] = tensors.ToDictionary(tensor => tensor.Spec.Name);
            _folder.Model(model, tensors).File(model, "config.json", """{"num_layers": 3, "num_decoder_layers": 2}""");
        }
    }

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void Each_module_has_its_own_models_slices_and_parameters()
    {
        _folder.Merge("""
            merge_method: linear
            modules:
              encoder:
                models: [{model: a}, {model: b}]
                parameters: {weight: [0.25, 0.75]}
              decoder:
                slices:
                  - sources: [{model: a, layer_range: [0, 2]}]
                  - sources: [{model: b, layer_range: [1, 2]}]
              shared:
                models: [{model: b}]
            parameters: {weight: 1, normalize: false}
            """);
        foreach (var (layer, weight) in new[] { (0, 0.25), (1, 0.5), (2, 0.75) })
        {
            string name = $"encoder.block.{layer}.layer.0.SelfAttention.q.weight";
            Assert.That(_folder.Bytes("out", name), Is.EqualTo(
                ReferenceMerge.Linear(ElementType.F32, (weight, _tensors["a"][name]), (weight, _tensors["b"][name]))));
        }

        foreach (var (layer, model, from) in new[] { (0, "a", 0), (1, "a", 1), (2, "b", 1) })
        {
            Assert.That(_folder.Bytes("out", $"decoder.block.{layer}.layer.1.EncDecAttention.q.weight"), Is.EqualTo(
                _tensors[model][$"decoder.block.{from}.layer.1.EncDecAttention.q.weight"].Bytes));
        }

        Assert.That(_folder.Bytes("out", "decoder.final_layer_norm.weight"), Is.EqualTo(_tensors["b"]["decoder.final_layer_norm.weight"].Bytes));
        Assert.That(_folder.Bytes("out", "shared.weight"), Is.EqualTo(_tensors["b"]["shared.weight"].Bytes));
        var config = JsonNode.Parse(File.ReadAllBytes(_folder.PathOf("out/config.json")))!;
        Assert.That((int)config["num_layers"]!, Is.EqualTo(3));
        Assert.That((int)config["num_decoder_layers"]!, Is.EqualTo(3));
    }

    [TestCase("slerp", "a", "t: 0.5")]
    [TestCase("slerp", "a", "t: 0.5, scale: 2")]
    [TestCase("ties", "a", "weight: 1, density: 0.5")]
    [TestCase("nuslerp", "b", "weight: 1")]
    [TestCase("model_stock", "b", "filter_wise: no")]
    public void A_module_of_one_model_alone_is_taken_as_it_is(string method, string model, string parameters)
    {
        _folder.Model("c", [.. Names.Select(name => Values.Random(name, ElementType.F32, [4, 3], 3))]);
        string both = method == "model_stock" || method == "nuslerp" ? "[{model: b}, {model: c}]" : "[{model: b}]";
        RunReport report = _folder.Merge($$"""
            merge_method: {{method}}
            base_model: a
            modules:
              encoder: {models: {{both}}}
              decoder: {models: {{both}}}
              shared: {models: [{model: {{model}}}]}
            parameters: { {{parameters}} }
            """);
        Assert.That(_folder.Bytes("out", "shared.weight"), Is.EqualTo(_tensors[model]["shared.weight"].Bytes));
        Assert.That(report.Remarks, Has.One.EqualTo(
            $"the module \"shared\" is of \"{model}\" alone and taken as it is, since {method} merges several"));
        Assert.That(_folder.Bytes("out", Names[1]), Is.Not.EqualTo(_tensors[model][Names[1]].Bytes));
    }

    [TestCase("{encoder: {models: [{model: a}]}, decoder: {models: [{model: a}]}}", "1 tensors of", "\"shared.weight\"")]
    [TestCase("{encoder: {models: [{model: a}]}, vision_tower: {models: [{model: a}]}}", "no tensor of", "\"vision_tower\"")]
    [TestCase("{encoder: {models: [{model: a}]}, block: {models: [{model: a}]}}", "belongs to the module \"encoder\", too", "encoder.block.0")]
    [TestCase("{default: {models: [{model: a}]}}", "no tensor of", "\"default\"")]
    public void Modules_that_do_not_make_up_the_model_are_refused(string modules, params string[] messages)
    {
        DemException error = Assert.Throws<DemException>(() => _folder.Merge($"merge_method: linear\nmodules: {modules}\nparameters: {{weight: 1}}"))!;
        foreach (string message in messages)
            Assert.That(error.Message, Does.Contain(message));
        Assert.That(error.Message, Does.StartWith("r.yaml:2: modules."));
    }

    [TestCase("default")]
    [TestCase("text_decoder")]
    [TestCase("text_model")]
    public void The_one_module_of_a_text_model_is_all_of_it(string module)
    {
        using LayeredModels models = new LayeredModels().Add("a", 2, 1);
        models.Folder.Merge($"merge_method: passthrough\nmodules: {{{module}: {{models: [{{model: a}}]}}}}");
        foreach (string tensor in models.NamesOf("a"))
            models.AssertTensor("out", tensor, models.Tensor("a", tensor).Bytes);
        Assert.That(models.NamesOf("out"), Is.EquivalentTo(models.NamesOf("a")));
    }
}
