using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Distribution vectors: stored, and merged again.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class VectorTests
{
    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{vector: delta, parameters: {weight: 1}}]
        """;

    private static readonly AlignmentOptions BaseRows = new() { Vocabulary = VocabularyPolicy.Base };

    [Test]
    public void At_weight_one_the_tuned_model_comes_back([Values(ElementType.BF16, ElementType.F16)] ElementType type)
    {
        using ModelFolder folder = Family(type);
        folder.Extract("tuned", "delta");
        folder.Merge(Recipe);
        Assert.That(folder.Bytes("out", "w"), Is.EqualTo(folder.Bytes("tuned", "w")));
        Assert.That(folder.Bytes("out", "ids"), Is.EqualTo(folder.Bytes("base", "ids")));
    }

    [Test]
    public void It_holds_the_differences_rounded_once([Values(ElementType.F32, ElementType.BF16, ElementType.F16)] ElementType type)
    {
        using ModelFolder folder = Family(ElementType.BF16);
        folder.Extract("tuned", "delta", type);
        double[] differences = [.. folder.Values("tuned", "w").Zip(folder.Values("base", "w"), (x, b) => x - b)];
        Assert.That(folder.Bytes("delta", "w"), Is.EqualTo(Values.Tensor("w", type, [differences.Length], differences).Bytes));

        using var vector = Checkpoint.Open(folder.PathOf("delta"));
        Assert.That(vector.Tensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(new[] { "w" }), "integers have no difference");
        Assert.That(vector.Tensors[0].Spec.Type, Is.EqualTo(type));
        Assert.That(DistributionVector.IsVector(vector));
        Assert.That(Manifest.Read(folder.PathOf("delta")), Has.Property("Operation").EqualTo("extract"));
    }

    [Test]
    public void A_vector_does_what_its_model_does()
    {
        using ModelFolder folder = Family(ElementType.BF16);
        folder.Extract("tuned", "delta");
        folder.Merge(Recipe.Replace("weight: 1", "weight: 0.5", StringComparison.Ordinal));
        folder.Merge(Recipe.Replace("weight: 1", "weight: 0.5", StringComparison.Ordinal).Replace("vector: delta", "model: tuned", StringComparison.Ordinal), "whole");
        Assert.That(folder.Bytes("out", "w"), Is.EqualTo(folder.Bytes("whole", "w")));
    }

    [Test]
    public void Another_bases_vector_is_refused()
    {
        using ModelFolder folder = Family(ElementType.BF16);
        folder.Extract("base", "delta", baseModel: "tuned");
        Failing.With(ErrorCode.WrongBase, () => folder.Merge(Recipe));
    }

    [Test]
    public void A_model_is_no_vector()
    {
        using ModelFolder folder = Family(ElementType.BF16);
        Failing.With(ErrorCode.NotAVector, () => folder.Merge(Recipe.Replace("delta", "tuned", StringComparison.Ordinal)));
    }

    [Test]
    public void A_vector_is_no_model([Values("dem", "linear")] string method)
    {
        using ModelFolder folder = Family(ElementType.BF16);
        folder.Extract("tuned", "delta");
        string recipe = $"merge_method: {method}\nbase_model: base\nmodels:\n  - model: delta\nparameters: {{weight: 1}}";
        Assert.That(Failing.With(ErrorCode.WrongValue, () => folder.Merge(recipe)).Message, Does.StartWith("r.yaml:4"));
    }

    [Test]
    public void A_vector_is_no_base()
    {
        using ModelFolder folder = Family(ElementType.BF16);
        folder.Extract("tuned", "delta");
        Failing.With(ErrorCode.WrongValue, () => folder.Merge("merge_method: dem\nbase_model: delta\nmodels: [{model: tuned}]\nparameters: {weight: 1}"));
    }

    [Test]
    public void Rows_that_the_tuned_model_lacks_are_zero()
    {
        // Several tiles of the default size lie wholly beyond its rows.
        const string name = "lm_head.weight";
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Tensor(name, ElementType.F32, [3000, 300], 1, 2, 3)).Model("tuned", Values.Tensor(name, ElementType.F32, [2, 300], 2, 2, 2));
        Failing.With(ErrorCode.VocabularyMismatch, () => folder.Extract("tuned", "delta"));
        folder.Extract("tuned", "delta", alignment: BaseRows);
        double[] values = folder.Values("delta", name);
        Assert.That(values, Has.Length.EqualTo(900_000));
        Assert.That(values[..6], Is.EqualTo(new double[] { 1, 0, -1, 1, 0, -1 }));
        Assert.That(values[600..].Any(value => value != 0), Is.False);
    }

    [Test]
    public void Rows_that_all_have_make_a_smaller_vector()
    {
        const string name = "lm_head.weight";
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Tensor(name, ElementType.F32, [5, 2], 1, 2)).Model("tuned", Values.Tensor(name, ElementType.F32, [3, 2], 3, 3));
        folder.Extract("tuned", "delta", alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common });
        Failing.With(ErrorCode.VocabularyMismatch, () => folder.Merge(Recipe));
        folder.Merge(Recipe, alignment: BaseRows);
        Assert.That(folder.Values("out", name), Is.EqualTo(new double[] { 3, 3, 3, 3, 3, 3, 1, 2, 1, 2 }));
    }

    [Test]
    public void Tensors_that_the_tuned_model_lacks_are_left_out()
    {
        var x = Values.Tensor("x", ElementType.F32, [2], 1, 2);
        var y = Values.Tensor("y", ElementType.F32, [2], 3, 4);
        using ModelFolder folder = new ModelFolder().Model("base", x, y).Model("tuned", x);
        Failing.With(ErrorCode.MissingTensor, () => folder.Extract("tuned", "delta"));
        var alignment = new AlignmentOptions { Missing = MissingTensors.Base };
        Assert.That(folder.Extract("tuned", "delta", alignment: alignment).Tensors, Is.EqualTo(1));
        folder.Merge(Recipe, alignment: alignment);
        Assert.That(folder.Bytes("out", "y"), Is.EqualTo(y.Bytes));
    }

    private static ModelFolder Family(ElementType type)
    {
        // No element so small beside the base's that its difference is rounded.
        var random = new Random(1);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => (0.01 + (random.NextDouble() * 0.05)) * (random.Next(2) == 0 ? 1 : -1))];
        var b = Values.Tensor("w", type, [values.Length], values);
        var ids = TestCheckpoint.Tensor("ids", ElementType.I64, [3]);
        return new ModelFolder().Model("base", b, ids).Model("tuned", Values.Moved(b, 2, type, scale: 5e-3), ids);
    }
}
