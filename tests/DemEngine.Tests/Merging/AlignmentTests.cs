using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>Models whose tensors do not match.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class AlignmentTests
{
    private const string Dem = """
        merge_method: dem
        base_model: base
        models:
          - {model: a, parameters: {weight: 0.5}}
          - {model: b, parameters: {weight: 0.25}}
        """;

    private const string Linear = """
        merge_method: linear
        models:
          - {model: base, parameters: {weight: 0.5}}
          - {model: a, parameters: {weight: 0.5}}
        """;

    private const string Slerp = """
        merge_method: slerp
        base_model: base
        models: [{model: a}]
        parameters: {t: 0.4}
        """;

    private const string Embedding = "model.embed_tokens.weight";

    private static readonly (TensorSpec Spec, byte[] Bytes) X = Values.Tensor("model.x", ElementType.F32, [2], 1, 2);
    private static readonly (TensorSpec Spec, byte[] Bytes) Y = Values.Tensor("model.y", ElementType.F32, [2], 4, 8);

    private static readonly AlignmentOptions Lenient = new() { Missing = MissingTensors.Base, Extra = ExtraTensors.Ignore };

    [Test]
    public void Missing_tensors_are_named()
    {
        using ModelFolder folder = new ModelFolder().Model("base", X, Y).Model("a", X, Y).Model("b", X);
        string message = Failing.With(ErrorCode.MissingTensor, () => folder.Merge(Dem)).Message;
        Assert.That(message, Does.Contain("model.y").And.Contain("\"b\"").And.Not.Contain("model.x"));
        Assert.That(folder.Names, Is.EqualTo(new[] { "a", "b", "base" }));
    }

    [Test]
    public void Missing_tensors_count_as_unchanged([Values] IoMode io)
    {
        using ModelFolder folder = new ModelFolder().Model("base", X, Y).Model("a", X, Values.Tensor("model.y", ElementType.F32, [2], 6, 6)).Model("b", X);
        folder.Merge(Dem, alignment: Lenient, options: new RunOptions { Io = io });
        Assert.That(folder.Values("out", "model.y"), Is.EqualTo(new double[] { 5, 7 }));
    }

    [Test]
    public void The_base_stands_in_where_whole_tensors_are_averaged([Values(Linear, Slerp)] string recipe, [Values] IoMode io)
    {
        using ModelFolder folder = new ModelFolder().Model("base", X, Y).Model("a", X);
        folder.Merge(recipe, alignment: Lenient, options: new RunOptions { Io = io });
        Assert.That(folder.Values("out", "model.y"), Is.EqualTo(new double[] { 4, 8 }).Within(1e-6));
    }

    [Test]
    public void A_tensor_that_all_sources_lack_is_the_bases()
    {
        using ModelFolder folder = new ModelFolder().Model("base", X, Y).Model("a", X).Model("b", X);
        folder.Merge(Dem, alignment: Lenient);
        Assert.That(folder.Bytes("out", "model.y"), Is.EqualTo(Y.Bytes));
    }

    [Test]
    public void Extra_tensors_are_named()
    {
        using ModelFolder folder = new ModelFolder().Model("base", X).Model("a", X, Y).Model("b", X);
        Assert.That(Failing.With(ErrorCode.ExtraTensor, () => folder.Merge(Dem)).Message, Does.Contain("model.y").And.Contain("\"a\""));
    }

    [Test]
    public void Extra_tensors_can_be_left_out()
    {
        using ModelFolder folder = new ModelFolder().Model("base", X).Model("a", X, Y).Model("b", X);
        Assert.That(folder.Merge(Dem, alignment: Lenient).Tensors, Is.EqualTo(1));
    }

    [TestCase(new long[] { 2 }, new long[] { 1, 2 })]
    [TestCase(new long[] { 2, 3 }, new long[] { 3, 2 })]
    [TestCase(new long[] { 2 }, new long[] { 3 })]
    [TestCase(new long[] { }, new long[] { 1 })]
    public void Other_shapes_are_refused_whatever_the_policy(long[] shape, long[] other)
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Tensor("model.x", ElementType.F32, shape, 1))
            .Model("a", Values.Tensor("model.x", ElementType.F32, other, 1));
        string message = Failing.With(ErrorCode.ShapeMismatch, () => folder.Merge(Linear, alignment: Lenient with { Vocabulary = VocabularyPolicy.Common })).Message;
        Assert.That(message, Does.Contain($"[{string.Join(", ", shape)}]").And.Contain($"[{string.Join(", ", other)}]"));
    }

    [TestCase(ElementType.F32, ElementType.I32)]
    [TestCase(ElementType.U8, ElementType.F8E4M3)]
    [TestCase(ElementType.I8, ElementType.U8)]
    public void Numbers_and_integers_do_not_mix(ElementType type, ElementType other)
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", TestCheckpoint.Tensor("model.x", type, [3])).Model("a", TestCheckpoint.Tensor("model.x", other, [3]));
        string message = Failing.With(ErrorCode.TypeMismatch, () => folder.Merge(Linear)).Message;
        Assert.That(message, Does.Contain(type.SafetensorsName).And.Contain(other.SafetensorsName));
    }

    [Test]
    public void Integers_are_carried_over_and_differences_reported([Values] IoMode io)
    {
        static (TensorSpec, byte[]) Ids(byte last) => TestCheckpoint.Tensor("ids", ElementType.I16, [2], [1, 2, 3, last]);
        using ModelFolder folder = new ModelFolder().Model("base", X, Ids(4)).Model("a", X, Ids(4)).Model("b", X, Ids(5));
        RunReport report = folder.Merge(Dem, options: new RunOptions { Io = io });
        Assert.That(folder.Bytes("out", "ids"), Is.EqualTo(new byte[] { 1, 2, 3, 4 }));
        Assert.That(report.Remarks, Has.Count.EqualTo(1));
        Assert.That(report.Remarks[0], Does.Contain("ids").And.Contain("\"b\"").And.Not.Contain("\"a\""));
    }

    [Test]
    public void Tied_embeddings_need_no_output_matrix()
    {
        var embedding = Values.Tensor(Embedding, ElementType.F32, [2, 1], 2, 4);
        using ModelFolder folder = new ModelFolder().Model("base", embedding).Model("a", embedding);
        Assert.That(folder.Merge(Linear).Tensors, Is.EqualTo(1));
    }

    [Test]
    public void An_output_matrix_that_only_the_base_has_is_missing_elsewhere()
    {
        var embedding = Values.Tensor(Embedding, ElementType.F32, [2, 1], 2, 4);
        var head = Values.Tensor("lm_head.weight", ElementType.F32, [2, 1], 6, 8);
        using ModelFolder folder = new ModelFolder().Model("base", embedding, head).Model("a", embedding).Model("b", embedding, head);
        Assert.That(Failing.With(ErrorCode.MissingTensor, () => folder.Merge(Dem)).Message, Does.Contain("lm_head.weight"));
        folder.Merge(Dem, alignment: Lenient);
        Assert.That(folder.Bytes("out", "lm_head.weight"), Is.EqualTo(head.Bytes));
    }

    [Test]
    public void Vocabularies_of_different_sizes_are_refused([Values(Dem, Linear, Slerp)] string recipe)
    {
        using ModelFolder folder = Vocabularies(baseRows: 700, a: 600, b: 700);
        string message = Failing.With(ErrorCode.VocabularyMismatch, () => folder.Merge(recipe)).Message;
        Assert.That(message, Does.Contain("700").And.Contain("600").And.Contain(Embedding));
    }

    [Test]
    public void The_bases_rows_can_be_kept([Values(600, 1, 700, 900)] int a, [Values(500, 900)] int b, [Values] IoMode io)
    {
        using ModelFolder folder = Vocabularies(700, a, b);
        folder.Merge(Dem, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Base }, options: new RunOptions { Io = io });

        // A row that a source lacks has not changed.
        byte[] unchanged = Rows(1, 700).Bytes;
        byte[] expected = ReferenceMerge.Dem(
            ElementType.BF16, Rows(1, 700), (0.5, false, Patched(unchanged, Rows(2, a))), (0.25, false, Patched(unchanged, Rows(3, b))));
        Assert.That(folder.Bytes("out", Embedding), Is.EqualTo(expected));
    }

    [Test]
    public void The_bases_rows_stand_in_where_whole_tensors_are_averaged([Values(600, 900)] int a, [Values] IoMode io)
    {
        using ModelFolder folder = Vocabularies(700, a, 700);
        var alignment = new AlignmentOptions { Vocabulary = VocabularyPolicy.Base };
        var source = Patched(Rows(1, 700).Bytes, Rows(2, a));
        folder.Merge(Linear, alignment: alignment, options: new RunOptions { Io = io });
        Assert.That(folder.Bytes("out", Embedding), Is.EqualTo(ReferenceMerge.Linear(ElementType.BF16, (0.5, Rows(1, 700)), (0.5, source))));

        folder.Merge(Slerp, "arc", alignment: alignment, options: new RunOptions { Io = io });
        int common = Math.Min(a, 700);
        byte[] arc = ReferenceMerge.Slerp(ElementType.BF16, 0.4, Rows(1, 700), source, measured: common * 193);
        byte[] expected = [.. arc[..(common * 193 * 2)], .. Rows(1, 700).Bytes[(common * 193 * 2)..]];
        Assert.That(folder.Bytes("arc", Embedding), Is.EqualTo(expected));
    }

    [Test]
    public void The_rows_that_all_have_can_be_kept([Values(Dem, Linear, Slerp)] string recipe, [Values(600, 900)] int a, [Values] IoMode io)
    {
        using ModelFolder folder = Vocabularies(700, a, 700).File("base", "config.json", """{"vocab_size": 700, "torch_dtype": "bfloat16"}""");
        folder.Merge(recipe, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common }, options: new RunOptions { Io = io });

        int rows = Math.Min(a, 700);
        (TensorSpec Spec, byte[] Bytes) First(int seed, int of) => Values.Tensor(
            Embedding, ElementType.BF16, [rows, 193], Values.Of(ElementType.BF16, Rows(seed, of).Bytes)[..(rows * 193)]);
        byte[] expected = recipe switch
        {
            Dem => ReferenceMerge.Dem(ElementType.BF16, First(1, 700), (0.5, false, First(2, a)), (0.25, false, First(3, 700))),
            Linear => ReferenceMerge.Linear(ElementType.BF16, (0.5, First(1, 700)), (0.5, First(2, a))),
            _ => ReferenceMerge.Slerp(ElementType.BF16, 0.4, First(1, 700), First(2, a), rows * 193),
        };
        Assert.That(folder.Bytes("out", Embedding), Is.EqualTo(expected));
        Assert.That(File.ReadAllText(folder.PathOf("out/config.json")), Does.Contain($"\"vocab_size\": {rows}"));
    }

    [Test]
    public void An_integer_output_matrix_follows_the_vocabulary([Values] VocabularyPolicy policy, [Values] IoMode io)
    {
        static (TensorSpec, byte[]) Head(int rows) => TestCheckpoint.Tensor("lm_head.weight", ElementType.I8, [rows, 3]);
        using ModelFolder folder = new ModelFolder().Model("base", Head(5)).Model("a", Head(4));
        RunReport Merge() => folder.Merge(Linear, alignment: new AlignmentOptions { Vocabulary = policy }, options: new RunOptions { Io = io });
        if (policy == VocabularyPolicy.Fail)
        {
            Failing.With(ErrorCode.VocabularyMismatch, () => Merge());
            return;
        }

        RunReport report = Merge();
        Assert.That(folder.Bytes("out", "lm_head.weight"), Has.Length.EqualTo(policy == VocabularyPolicy.Common ? 12 : 15));
        Assert.That(report.Remarks, Has.Count.EqualTo(policy == VocabularyPolicy.Common ? 0 : 1));
    }

    [Test]
    public void A_model_listed_twice_counts_twice([Values] IoMode io)
    {
        // Full tiles: the room for inputs is measured by them.
        static (TensorSpec, byte[]) Full(double value) => Values.Tensor("t", ElementType.F32, [ContentHash.LeafBytes], value);
        using ModelFolder folder = new ModelFolder().Model("base", Full(1)).Model("a", Full(5));
        folder.Merge(Dem.Replace("model: b,", "model: a,", StringComparison.Ordinal), options: FullTiles(io));
        Assert.That(folder.Values("out", "t"), Is.All.EqualTo(1 + (0.75 * 4)));
    }

    [Test]
    public void A_base_that_stands_in_is_read_once([Values] IoMode io)
    {
        var full = Values.Tensor("t", ElementType.F32, [ContentHash.LeafBytes], 4);
        using ModelFolder folder = new ModelFolder().Model("base", full, X).Model("a", X).Model("b", X);
        string recipe = Linear.Replace("0.5}}", "0.25}}", StringComparison.Ordinal) + "\n  - {model: b, parameters: {weight: 0.5}}";
        folder.Merge(recipe, alignment: Lenient, options: FullTiles(io));
        Assert.That(folder.Values("out", "t"), Is.All.EqualTo(4));
    }

    [Test]
    public void The_base_is_known_among_the_models_however_it_is_written([Values("base/", "./base", "base/../base")] string written)
    {
        using ModelFolder folder = new ModelFolder().Model("base", X).Model("a", X);
        folder.Merge(Slerp.Replace("[{model: a}]", $"[{{model: {written}}}, {{model: a}}]", StringComparison.Ordinal));
        Assert.That(folder.Values("out", X.Spec.Name), Is.EqualTo(new double[] { 1, 2 }).Within(1e-6));
    }

    [Test]
    public void A_base_that_takes_no_part_is_not_read()
    {
        using ModelFolder folder = new ModelFolder().Model("base", X).Model("a", X);
        using MergePlan plan = folder.Plan("merge_method: passthrough\nbase_model: base\nmodels: [{model: a}]");
        Assert.That(plan.Plan.BytesToRead, Is.EqualTo(X.Bytes.Length));
    }

    private static RunOptions FullTiles(IoMode io) => new() { Io = io, TileBytes = ContentHash.LeafBytes };

    private static ModelFolder Vocabularies(int baseRows, int a, int b) =>
        new ModelFolder().Model("base", Rows(1, baseRows)).Model("a", Rows(2, a)).Model("b", Rows(3, b));

    private static (TensorSpec Spec, byte[] Bytes) Rows(int seed, int rows) => Values.Random(Embedding, ElementType.BF16, [rows, 193], seed);

    /// <summary>The first bytes from the tensor, as far as it goes, and the others as they are.</summary>
    private static (TensorSpec Spec, byte[] Bytes) Patched(byte[] bytes, (TensorSpec Spec, byte[] Bytes) tensor)
    {
        byte[] patched = [.. bytes];
        tensor.Bytes.AsSpan(0, Math.Min(bytes.Length, tensor.Bytes.Length)).CopyTo(patched);
        return (Rows(1, 700).Spec, patched);
    }
}
