using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Models of one mixture whose experts are stored one by one and all in one tensor.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ExpertAlignmentTests
{
    private const int Experts = 3, Inside = 5, Hidden = 7;
    private const string Block = "model.layers.0.mlp";
    private const string Slerp = "merge_method: slerp\nbase_model: base\nmodels: [{model: a}]\nparameters: {t: 0.3}";
    private const string Ties = "merge_method: ties\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.5, density: 0.4}}]";

    private ModelFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ModelFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_merge_has_the_bases_layout_and_the_same_values_whatever_the_sources(
        [Values("separate fused", "mixtral fused", "fused separate", "fused mixtral", "fused fused", "separate separate")] string layouts,
        [Values(Slerp, Ties)] string recipe,
        [Values] IoMode io,
        [Values(1, 1 << 20)] int tileBytes)
    {
        string[] both = layouts.Split(' ');
        (string ofBase, string ofSource) = (both[0], both[1]);
        Write("base", ofBase, 1);
        Write("a", ofSource, 2);
        RunReport report = _folder.Merge(recipe, "out", new RunOptions { Io = io, TileBytes = tileBytes, Threads = 2 });
        Assert.That(report.Remarks.Any(remark => remark.Contains("they are read as the base has them", StringComparison.Ordinal)), Is.EqualTo((ofBase == "fused") != (ofSource == "fused")));

        using var reference = new ModelFolder();
        foreach (var (model, seed) in new[] { ("base", 1), ("a", 2) })
            reference.Model(model, Tensors(ofBase, seed));
        reference.Merge(recipe);
        Assert.That(Read(_folder, "out"), Is.EqualTo(Read(reference, "out")));
    }

    [Test]
    public void A_vector_is_extracted_across_layouts([Values] bool baseIsFused)
    {
        Write("base", baseIsFused ? "fused" : "separate", 1);
        Write("a", baseIsFused ? "separate" : "fused", 2);
        Write("same", baseIsFused ? "fused" : "separate", 2);
        _folder.Extract("a", "vector");
        _folder.Extract("same", "reference");
        Assert.That(Read(_folder, "vector"), Is.EqualTo(Read(_folder, "reference")));
    }

    [Test]
    public void The_result_of_a_recipe_is_aligned_like_a_model([Values] bool baseIsFused)
    {
        Write("base", baseIsFused ? "fused" : "separate", 1);
        Write("a", baseIsFused ? "separate" : "fused", 2);
        Write("b", baseIsFused ? "separate" : "fused", 3);
        const string Average = "name: average\nmerge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\n";
        _folder.Merge(Average.Replace("name: average\n", "", StringComparison.Ordinal), "averaged");
        _folder.Merge($"{Average}---\n{Slerp.Replace("model: a", "model: average", StringComparison.Ordinal)}", "chained");
        _folder.Merge(Slerp.Replace("model: a", "model: averaged", StringComparison.Ordinal), "twice");
        Assert.That(Read(_folder, "chained"), Is.EqualTo(Read(_folder, "twice")));
    }

    [TestCase("separate", ExpertStorage.Fused, "fused")]
    [TestCase("mixtral", ExpertStorage.Fused, "fused")]
    [TestCase("fused", ExpertStorage.Separate, "separate")]
    [TestCase("fused", ExpertStorage.Separate, "mixtral")]
    [TestCase("fused", ExpertStorage.Fused, "fused")]
    [TestCase("separate", ExpertStorage.Separate, "separate")]
    public void A_model_is_stored_in_the_other_layout(string from, ExpertStorage storage, string to)
    {
        Write("a", from, 1);
        Write("reference", to, 1);
        _folder.File("a", "config.json", to == "mixtral" ? "{\"model_type\": \"mixtral\"}" : "{\"model_type\": \"qwen3_moe\"}");
        _folder.Merge("merge_method: passthrough\nmodels: [{model: a}]", alignment: new AlignmentOptions { Experts = storage });
        Assert.That(Read(_folder, "out"), Is.EqualTo(Read(_folder, "reference")));
    }

    [Test]
    public void A_plan_counts_each_element_once()
    {
        Write("base", "fused", 1);
        Write("a", "separate", 2);
        using var plan = _folder.Plan(Slerp.Replace("slerp", "linear", StringComparison.Ordinal).Replace("parameters: {t: 0.3}", "parameters: {weight: 1}", StringComparison.Ordinal).Replace("base_model: base\nmodels: [", "models: [{model: base}, ", StringComparison.Ordinal));
        long elements = Tensors("fused", 1).Sum(tensor => tensor.Spec.Shape.ElementCount);
        Assert.That(plan.Plan.BytesToRead, Is.EqualTo(2 * elements * ElementType.BF16.Size));
        PlannedTensor planned = plan.Plan.PlannedTensors.Single(tensor => tensor.Spec.Name == $"{Block}.experts.down_proj");
        Assert.That(planned.Spec.Shape, Is.EqualTo(new TensorShape(Experts, Hidden, Inside)));
    }

    [Test]
    public void What_is_no_such_mixture_cannot_be_stored_otherwise()
    {
        _folder.Model("dense", Values.Random("model.layers.0.mlp.down_proj.weight", ElementType.F32, [4, 4], 1));
        Write("odd", "separate", 1, tensors => tensors.RemoveAt(0));
        _folder.Model("transposed", Values.Random($"{Block}.experts.gate_up_proj", ElementType.F32, [2, 4, 12], 1), Values.Random($"{Block}.experts.down_proj", ElementType.F32, [2, 6, 4], 1));
        void Refused(string model, ExpertStorage storage, string message)
        {
            DemException error = Failing.With(ErrorCode.ExpertStorage, () => _folder.Merge($"merge_method: passthrough\nmodels: [{{model: {model}}}]", alignment: new AlignmentOptions { Experts = storage }));
            Assert.That(error.Message, Does.Contain(message));
        }

        Refused("dense", ExpertStorage.Fused, "there are none");
        Refused("dense", ExpertStorage.Separate, "there are none");
        Refused("odd", ExpertStorage.Fused, Block);
        Refused("transposed", ExpertStorage.Separate, "are not of the shapes");
    }

    [Test]
    public void Layouts_that_cannot_be_matched_are_still_refused([Values] bool isMixed)
    {
        // An expert of another type, or one that lacks a matrix.
        Write("base", "fused", 1);
        Write("a", "separate", 2, tensors => tensors[0] = isMixed
            ? Values.Random(tensors[0].Spec.Name, ElementType.F32, [.. tensors[0].Spec.Shape.Dimensions], 1)
            : Values.Random("model.layers.0.mlp.experts.9.other.weight", ElementType.BF16, [2, 2], 1));
        Assert.That(Failing.With(ErrorCode.ExpertLayouts, () => _folder.Merge(Slerp)).Message, Does.Contain("one by one"));
    }

    private void Write(string model, string layout, int seed, Action<List<(TensorSpec Spec, byte[] Bytes)>>? change = null)
    {
        List<(TensorSpec Spec, byte[] Bytes)> tensors = [.. Tensors(layout, seed)];
        change?.Invoke(tensors);
        _folder.Model(model, [.. tensors]);
    }

    /// <summary>The same mixture in any layout.</summary>
    private static (TensorSpec Spec, byte[] Bytes)[] Tensors(string layout, int seed)
    {
        (TensorSpec Spec, byte[] Bytes) Random(string name, params long[] shape) => Values.Random(name, ElementType.BF16, shape, seed);
        bool isMixtral = layout == "mixtral";
        string block = isMixtral ? "model.layers.0.block_sparse_moe" : Block;
        var router = Random($"{Block}.gate.weight", Experts, Hidden);
        var rest = new List<(TensorSpec Spec, byte[] Bytes)>
        {
            Random("model.embed_tokens.weight", 11, Hidden),
            (router.Spec with { Name = $"{block}.gate.weight" }, router.Bytes),
        };
        byte[][] Matrix(string word, params long[] shape) =>
            [.. Enumerable.Range(0, Experts).Select(expert => Random($"{Block}.experts.{expert}.{word}.weight", shape).Bytes)];
        byte[][] gate = Matrix("gate_proj", Inside, Hidden), up = Matrix("up_proj", Inside, Hidden), down = Matrix("down_proj", Hidden, Inside);
        static (TensorSpec, byte[]) Tensor(string name, IEnumerable<byte[]> parts, params long[] shape) =>
            (new TensorSpec(name, ElementType.BF16, new TensorShape([.. shape])), [.. parts.SelectMany(part => part)]);
        if (layout == "fused")
            return
            [
                .. rest,
                Tensor($"{Block}.experts.gate_up_proj", gate.Zip(up).SelectMany(pair => new[] { pair.First, pair.Second }), Experts, 2 * Inside, Hidden),
                Tensor($"{Block}.experts.down_proj", down, Experts, Hidden, Inside),
            ];
        (string ofGate, string ofUp, string ofDown) = isMixtral ? ("w1", "w3", "w2") : ("gate_proj", "up_proj", "down_proj");
        return
        [
            .. Enumerable.Range(0, Experts).SelectMany(expert => new[]
            {
                Tensor($"{block}.experts.{expert}.{ofGate}.weight", [gate[expert]], Inside, Hidden),
                Tensor($"{block}.experts.{expert}.{ofUp}.weight", [up[expert]], Inside, Hidden),
                Tensor($"{block}.experts.{expert}.{ofDown}.weight", [down[expert]], Hidden, Inside),
            }),
            .. rest,
        ];
    }

    private static SortedDictionary<string, string> Read(ModelFolder folder, string model)
    {
        using var checkpoint = Checkpoint.Open(folder.PathOf(model));
        return new SortedDictionary<string, string>(
            checkpoint.Tensors.ToDictionary(tensor => $"{tensor.Spec.Name} {tensor.Spec.Type} {tensor.Spec.Shape}", tensor => Convert.ToHexString(folder.Bytes(model, tensor.Spec.Name))),
            StringComparer.Ordinal);
    }
}
