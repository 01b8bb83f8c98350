using System.Text.Json.Nodes;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>Models put together from runs of layers.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SliceTests
{
    private static readonly string[] InLayer = ["input_layernorm.weight", "mlp.up_proj.weight", "self_attn.q_proj.weight"];

    private LayeredModels _models = null!;

    [SetUp]
    public void WriteModels() => _models = new LayeredModels().Add("a", 4, 1).Add("b", 12, 2).Add("c", 4, 3);

    [TearDown]
    public void DeleteModels() => _models.Dispose();

    [Test]
    public void Layers_are_stacked_and_numbered_anew()
    {
        _models.Folder.Merge("""
            merge_method: passthrough
            slices:
              - sources: [{model: a, layer_range: [0, 3]}]
              - sources: [{model: b, layer_range: [2, 4]}]
              - sources: [{model: b, layer_range: [9, 12]}]
            """);
        (string Model, int Layer)[] expected = [("a", 0), ("a", 1), ("a", 2), ("b", 2), ("b", 3), ("b", 9), ("b", 10), ("b", 11)];
        for (int layer = 0; layer < expected.Length; layer++)
        {
            foreach (string tensor in InLayer)
            {
                var (model, from) = expected[layer];
                _models.AssertTensor("out", $"model.layers.{layer}.{tensor}", _models.Tensor(model, $"model.layers.{from}.{tensor}").Bytes);
            }
        }

        _models.AssertTensor("out", "model.embed_tokens.weight", _models.Tensor("a", "model.embed_tokens.weight").Bytes);
        _models.AssertTensor("out", "model.norm.weight", _models.Tensor("b", "model.norm.weight").Bytes);
        _models.AssertTensor("out", "lm_head.weight", _models.Tensor("b", "lm_head.weight").Bytes);
        Assert.That(_models.NamesOf("out"), Has.Length.EqualTo((expected.Length * InLayer.Length) + 3));
    }

    [Test]
    public void Tensors_lie_in_the_order_of_the_network()
    {
        _models.Folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: b, layer_range: [0, 12]}]}]");
        Assert.That(_models.NamesOf("out"), Is.EqualTo(
        [
            "model.embed_tokens.weight",
            .. Enumerable.Range(0, 12).SelectMany(layer => InLayer.Select(tensor => $"model.layers.{layer}.{tensor}")),
            "lm_head.weight",
            "model.norm.weight",
        ]));
    }

    [Test]
    public void A_layer_may_be_taken_several_times()
    {
        _models.Folder.Merge("""
            merge_method: passthrough
            slices:
              - sources: [{model: a, layer_range: [0, 3]}]
              - sources: [{model: a, layer_range: [1, 4], parameters: {scale: [{filter: up_proj, value: 0}, {value: 1}]}}]
            """);
        foreach (var (layer, from) in new[] { (0, 0), (1, 1), (2, 2), (3, 1), (4, 2), (5, 3) })
            _models.AssertTensor("out", $"model.layers.{layer}.self_attn.q_proj.weight", _models.Tensor("a", $"model.layers.{from}.self_attn.q_proj.weight").Bytes);
        Assert.That(_models.Folder.Values("out", "model.layers.4.mlp.up_proj.weight"), Is.All.Zero);
    }

    [Test]
    public void Different_layers_of_models_are_merged_at_the_depth_in_their_slice()
    {
        _models.Folder.Merge("""
            merge_method: linear
            slices:
              - sources:
                  - {model: a, layer_range: [1, 4], parameters: {weight: [1, 0]}}
                  - {model: b, layer_range: [5, 8], parameters: {weight: [0, 0.5]}}
              - sources:
                  - {model: c, layer_range: [3, 4], parameters: {weight: [0.25, 0.75]}}
                  - {model: b, layer_range: [0, 1], parameters: {weight: [1, 2]}}
            parameters: {normalize: false}
            """);
        (string X, int XLayer, double XWeight, string Y, int YLayer, double YWeight)[] expected =
        [
            ("a", 1, 1, "b", 5, 0), ("a", 2, 0.5, "b", 6, 0.25), ("a", 3, 0, "b", 7, 0.5), ("c", 3, 0.75, "b", 0, 2),
        ];
        for (int layer = 0; layer < expected.Length; layer++)
        {
            var (x, xLayer, xWeight, y, yLayer, yWeight) = expected[layer];
            foreach (string tensor in InLayer)
            {
                _models.AssertTensor("out", $"model.layers.{layer}.{tensor}", ReferenceMerge.Linear(
                    ElementType.BF16,
                    (xWeight, _models.Tensor(x, $"model.layers.{xLayer}.{tensor}")),
                    (yWeight, _models.Tensor(y, $"model.layers.{yLayer}.{tensor}"))));
            }
        }

        // Before the layers the first slice counts, after them the last slice, both at their first value.
        _models.AssertTensor("out", "model.embed_tokens.weight", ReferenceMerge.Linear(
            ElementType.BF16, (1, _models.Tensor("a", "model.embed_tokens.weight")), (0, _models.Tensor("b", "model.embed_tokens.weight"))));
        _models.AssertTensor("out", "lm_head.weight", ReferenceMerge.Linear(
            ElementType.BF16, (0.25, _models.Tensor("c", "lm_head.weight")), (1, _models.Tensor("b", "lm_head.weight"))));
    }

    [Test]
    public void Filters_are_found_in_the_name_that_a_tensor_has_in_its_model()
    {
        _models.Folder.Merge("""
            merge_method: linear
            slices:
              - sources:
                  - {model: a, layer_range: [2, 4], parameters: {weight: [{filter: layers.3., value: 0.5}, {value: 1}]}}
            parameters: {normalize: false}
            """);
        _models.AssertTensor("out", "model.layers.0.mlp.up_proj.weight", _models.Tensor("a", "model.layers.2.mlp.up_proj.weight").Bytes);
        _models.AssertTensor("out", "model.layers.1.mlp.up_proj.weight", ReferenceMerge.Linear(
            ElementType.BF16, (0.5, _models.Tensor("a", "model.layers.3.mlp.up_proj.weight"))));
    }

    [Test]
    public void The_base_of_a_slice_is_one_of_its_sources_with_layers_of_its_own()
    {
        _models.Folder.Merge("""
            merge_method: task_arithmetic
            base_model: a
            slices:
              - sources:
                  - {model: b, layer_range: [6, 8], parameters: {weight: 0.3}}
                  - {model: a, layer_range: [1, 3]}
                  - {model: a, layer_range: [0, 2], parameters: {weight: 0.25}}
              - sources:
                  - {model: c, layer_range: [0, 1]}
                  - {model: b, layer_range: [0, 1], parameters: {weight: 2}}
                base_model: c
            """);
        for (int layer = 0; layer < 2; layer++)
        {
            _models.AssertTensor("out", $"model.layers.{layer}.mlp.up_proj.weight", ReferenceMerge.Dem(
                ElementType.BF16,
                _models.Tensor("a", $"model.layers.{layer + 1}.mlp.up_proj.weight"),
                (0.3, false, _models.Tensor("b", $"model.layers.{layer + 6}.mlp.up_proj.weight")),
                (0.25, false, _models.Tensor("a", $"model.layers.{layer}.mlp.up_proj.weight"))));
        }

        _models.AssertTensor("out", "model.layers.2.mlp.up_proj.weight", ReferenceMerge.Dem(
            ElementType.BF16, _models.Tensor("c", "model.layers.0.mlp.up_proj.weight"), (2, false, _models.Tensor("b", "model.layers.0.mlp.up_proj.weight"))));
    }

    [Test]
    public void A_measured_method_measures_the_layers_that_it_merges()
    {
        _models.Folder.Merge("""
            merge_method: slerp
            slices:
              - sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [10, 12]}]
            base_model: a
            parameters: {t: [0.2, 0.6]}
            """);
        foreach (var (layer, t) in new[] { (0, 0.2), (1, 0.6) })
        {
            var b = _models.Tensor("a", $"model.layers.{layer}.mlp.up_proj.weight");
            var x = _models.Tensor("b", $"model.layers.{layer + 10}.mlp.up_proj.weight");
            _models.AssertTensor("out", $"model.layers.{layer}.mlp.up_proj.weight", ReferenceMerge.Slerp(ElementType.BF16, t, b, x, b.Spec.Shape.ElementCount));
        }
    }

    [Test]
    public void Parameters_nearest_to_the_source_count()
    {
        _models.Folder.Merge("""
            merge_method: linear
            modules:
              default:
                slices:
                  - sources:
                      - {model: a, layer_range: [0, 1], parameters: {weight: 0.1}}
                      - {model: c, layer_range: [0, 1]}
                    parameters: {weight: 0.2}
                  - sources:
                      - {model: a, layer_range: [1, 2], parameters: {weight: [{filter: up_proj, value: 0.3}]}}
                      - {model: c, layer_range: [1, 2]}
                parameters: {weight: [{filter: up_proj, value: 0.4}, {filter: q_proj, value: 0.5}]}
            parameters: {weight: 0.6, normalize: false}
            """);
        void Check(int layer, string tensor, double a, double c) => _models.AssertTensor("out", $"model.layers.{layer}.{tensor}", ReferenceMerge.Linear(
            ElementType.BF16, (a, _models.Tensor("a", $"model.layers.{layer}.{tensor}")), (c, _models.Tensor("c", $"model.layers.{layer}.{tensor}"))));
        Check(0, "mlp.up_proj.weight", 0.1, 0.2);
        Check(1, "mlp.up_proj.weight", 0.3, 0.4);
        Check(1, "self_attn.q_proj.weight", 0.5, 0.5);
        Check(1, "input_layernorm.weight", 0.6, 0.6);
    }

    [TestCase("""{"num_hidden_layers": 4, "vocab_size": 11}""", "num_hidden_layers")]
    [TestCase("""{"n_layer": 4}""", "n_layer")]
    [TestCase("""{"text_config": {"num_hidden_layers": 4}}""", "text_config.num_hidden_layers")]
    public void The_configuration_states_the_number_of_layers(string config, string key)
    {
        _models.Folder.File("a", "config.json", config);
        _models.Folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 3]}]}, {sources: [{model: b, layer_range: [0, 4]}]}]");
        Assert.That((int)Setting("out", key)!, Is.EqualTo(7));
    }

    [Test]
    public void Lists_with_an_item_for_each_layer_follow_the_layers()
    {
        _models.Folder.File("a", "config.json", """{"num_hidden_layers": 4, "layer_types": ["a0", "a1", "a2", "a3"], "eos_token_id": [1, 2, 3, 4]}""");
        _models.Folder.File("c", "config.json", """{"num_hidden_layers": 4, "layer_types": ["c0", "c1", "c2", "c3"]}""");
        _models.Folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [1, 3]}]}, {sources: [{model: c, layer_range: [0, 3]}]}]");
        Assert.That(Setting("out", "layer_types")!.AsArray().Select(item => (string?)item), Is.EqualTo(["a1", "a2", "c0", "c1", "c2"]));
        Assert.That(Setting("out", "eos_token_id")!.AsArray(), Has.Count.EqualTo(4));

        _models.Folder.File("c", "config.json", """{"num_hidden_layers": 4}""");
        DemException error = Failing.With(ErrorCode.LayersDoNotFit, () => _models.Folder.Merge(
            "merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [1, 3]}]}, {sources: [{model: c, layer_range: [0, 3]}]}]", "other"));
        Assert.That(error.Message, Does.Contain("layer_types"));
    }

    [Test]
    public void A_configuration_that_does_not_say_how_many_layers_there_are_is_an_error_where_it_would_be_wrong()
    {
        _models.Folder.File("a", "config.json", """{"depth_of_model": 4}""");
        _models.Folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 4]}]}]", "same");
        Failing.With(ErrorCode.LayersDoNotFit, () => _models.Folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 3]}]}]"));
    }

    [Test]
    public void Whole_models_and_one_slice_of_all_their_layers_give_the_same_tensors()
    {
        const string Parameters = "parameters: {t: [{filter: self_attn, value: [0, 0.5, 0.3]}, {value: [1, 0.2]}]}";
        _models.Folder.Merge($"merge_method: slerp\nbase_model: a\nmodels: [{{model: a}}, {{model: c}}]\n{Parameters}", "whole");
        _models.Folder.Merge(
            $"merge_method: slerp\nbase_model: a\nslices: [{{sources: [{{model: a, layer_range: [0, 4]}}, {{model: c, layer_range: [0, 4]}}]}}]\n{Parameters}", "sliced");
        Assert.That(_models.NamesOf("sliced"), Is.EquivalentTo(_models.NamesOf("whole")));
        foreach (string tensor in _models.NamesOf("whole"))
            _models.AssertTensor("sliced", tensor, _models.Folder.Bytes("whole", tensor));
    }

    [TestCase("[{sources: [{model: a, layer_range: [2, 5]}]}]", "slices[0].sources[0]: layer_range [2, 5] goes beyond the 4 layers of \"a\"")]
    [TestCase("[{sources: [{model: flat, layer_range: [0, 1]}]}]", "the tensors' names show no layers")]
    [TestCase("[{sources: [{model: two, layer_range: [0, 1]}]}]", "several stacks of layers (decoder.block, encoder.block); slices of each go under \"modules\"")]
    public void Slices_that_cannot_be_cut_are_refused(string slices, string message)
    {
        _models.Folder.Model("flat", TestCheckpoint.Tensor("weight", ElementType.F32, [2]));
        _models.Folder.Model(
            "two", TestCheckpoint.Tensor("encoder.block.0.weight", ElementType.F32, [2]), TestCheckpoint.Tensor("decoder.block.0.weight", ElementType.F32, [2]));
        DemException error = RecipeErrorOf($"merge_method: passthrough\nslices: {slices}");
        Assert.That(error.Message, Does.Contain(message));
    }

    [TestCase("merge_method: task_arithmetic\nbase_model: c\nslices: [{sources: [{model: a, layer_range: [0, 1]}]}]", "task_arithmetic needs the base \"c\" among the slice's sources")]
    [TestCase("merge_method: task_arithmetic\nslices: [{sources: [{model: a, layer_range: [0, 1]}]}]", "task_arithmetic needs base_model")]
    [TestCase("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 1]}, {model: c, layer_range: [0, 1]}]}]", "passthrough takes 1 models, the recipe gives 2")]
    [TestCase("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 1]}], parameters: {scael: 1}}]", "slices[0].parameters.scael")]
    [TestCase("merge_method: linear\nslices: [{sources: [{vector: a, layer_range: [0, 1]}]}]", "linear merges whole models")]
    public void Slices_that_the_method_does_not_take_are_refused(string recipe, string message) =>
        Assert.That(RecipeErrorOf(recipe).Message, Does.Contain(message));

    private DemException RecipeErrorOf(string recipe) => Assert.Throws<DemException>(() => _models.Folder.Merge(recipe))!;

    private JsonNode? Setting(string output, string path) => path.Split('.')
        .Aggregate(JsonNode.Parse(File.ReadAllBytes(_models.Folder.PathOf($"{output}/config.json"))), (node, key) => node![key]);
}
