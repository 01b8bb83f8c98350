using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>
/// Mixtures whose experts are stored all in one tensor as [in, out]: Llama 4 and Qwen3-VL with all gates before all ups, gpt-oss
/// with gates and ups in turn, and biases.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class TransposedExpertsTests
{
    private const int Experts = 3;
    private const string Slerp = "merge_method: slerp\nbase_model: base\nmodels: [{model: a}]\nparameters: {t: 0.3}";
    private const string Ties = "merge_method: ties\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.5, density: 0.4}}]";
    private const string Copy = "merge_method: passthrough\nmodels: [{model: base}]";

    [Test]
    public void A_merge_has_the_bases_layout_and_the_same_values_whatever_the_sources(
        [Values("separate transposed", "transposed separate", "plain transposed", "transposed plain", "separate interleaved", "interleaved separate", "transposed transposed")] string layouts,
        [Values(Slerp, Ties)] string recipe,
        [Values] IoMode io)
    {
        string[] both = layouts.Split(' ');
        using var folder = new ModelFolder();
        using var reference = new ModelFolder();
        string family = layouts.Contains("interleaved", StringComparison.Ordinal) ? "gpt_oss" : "llama4_text";
        Write(folder, "base", both[0], family, ElementType.BF16, 1);
        Write(folder, "a", both[1], family, ElementType.BF16, 2);
        RunReport report = folder.Merge(recipe, "out", new RunOptions { Io = io, TileBytes = 1, Threads = 2 });
        Assert.That(report.Remarks.Any(remark => remark.Contains("they are read as the base has them", StringComparison.Ordinal)), Is.EqualTo(both[0] != both[1]));

        Write(reference, "base", both[0], family, ElementType.BF16, 1);
        Write(reference, "a", both[0], family, ElementType.BF16, 2);
        reference.Merge(recipe);
        Assert.That(Read(folder, "out"), Is.EqualTo(Read(reference, "out")));
    }

    [Test]
    public void A_model_is_stored_in_the_other_layout(
        [Values("llama4 transposed", "qwen3_vl_moe transposed", "gpt_oss interleaved", "openai_privacy_filter biased", "qwen3_moe plain", "lfm2_moe plain")] string what,
        [Values] bool isSeparate,
        [ValueSource(nameof(Types))] ElementType type)
    {
        string[] words = what.Split(' ');
        (string family, string fused) = (words[0], words[1]);
        using var folder = new ModelFolder();
        Write(folder, "base", isSeparate ? fused : "separate", family, type, 1);
        Write(folder, "reference", isSeparate ? "separate" : fused, family, type, 1);
        folder.Merge(Copy, alignment: new AlignmentOptions { Experts = isSeparate ? ExpertStorage.Separate : ExpertStorage.Fused });
        Assert.That(Read(folder, "out"), Is.EqualTo(Read(folder, "reference")));
    }

    [Test]
    public void Where_no_configuration_says_which_columns_are_gates_nothing_is_guessed([Values("transposed", "interleaved")] string layout)
    {
        using var folder = new ModelFolder();
        Write(folder, "base", layout, "some_new_moe", ElementType.BF16, 1);
        Write(folder, "a", "separate", "some_new_moe", ElementType.BF16, 2);
        Failing.With(ErrorCode.ExpertLayouts, () => folder.Merge(Slerp));
        DemException error = Failing.With(ErrorCode.ExpertStorage, () => folder.Merge(Copy, alignment: new AlignmentOptions { Experts = ExpertStorage.Separate }));
        Assert.That(error.Message, Does.Contain("config.json"));
    }

    [Test]
    public void A_source_without_a_configuration_is_of_the_bases_architecture()
    {
        using var folder = new ModelFolder();
        Write(folder, "base", "separate", "gpt_oss", ElementType.BF16, 1);
        Write(folder, "a", "interleaved", "gpt_oss", ElementType.BF16, 2);
        Write(folder, "same", "separate", "gpt_oss", ElementType.BF16, 2);
        File.Delete(Path.Combine(folder.PathOf("a"), "config.json"));
        folder.Merge(Slerp);
        folder.Merge(Slerp.Replace("model: a", "model: same", StringComparison.Ordinal), "reference");
        Assert.That(Read(folder, "out"), Is.EqualTo(Read(folder, "reference")));
    }

    [Test]
    public void Biases_of_some_experts_alone_are_refused()
    {
        using var folder = new ModelFolder();
        Write(folder, "base", "interleaved", "gpt_oss", ElementType.BF16, 1);
        Write(folder, "a", "separate", "gpt_oss", ElementType.BF16, 2, name => !name.EndsWith("1.up_proj.bias", StringComparison.Ordinal));
        Failing.With(ErrorCode.ExpertLayouts, () => folder.Merge(Slerp));
    }

    private static IEnumerable<ElementType> Types => [ElementType.F64, ElementType.F32, ElementType.F16, ElementType.F8E4M3];

    private static void Write(ModelFolder folder, string model, string layout, string family, ElementType type, int seed, Func<string, bool>? isKept = null)
    {
        folder.Model(model, [.. Tensors(layout, family, type, seed).Where(tensor => isKept?.Invoke(tensor.Spec.Name) != false)]);
        folder.File(model, "config.json", family == "llama4" ? "{\"model_type\": \"llama4\", \"text_config\": {\"model_type\": \"llama4_text\"}}" : $"{{\"model_type\": \"{family}\"}}");
    }

    /// <summary>One mixture in any layout, element by element from the same numbers.</summary>
    private static IEnumerable<(TensorSpec Spec, byte[] Bytes)> Tensors(string layout, string family, ElementType type, int seed)
    {
        // More rows than are gathered at a time, more columns than a window has, and fewer than either.
        (int inside, int hidden) = type == ElementType.F64 ? (300, 3) : type == ElementType.F8E4M3 ? (5, 3) : (11, 70);
        string own = family is "llama4" or "llama4_text" or "lfm2_moe" ? "feed_forward" : "mlp";
        string block = $"model.layers.0.{own}";
        bool hasBiases = family is "gpt_oss" or "openai_privacy_filter";
        double Number(string matrix, int expert, int row, int column) =>
            (((((((matrix[0] * 31) + expert) * 1009) + row) * 757) + (column * 13) + (seed * 7919)) % 2003 / 1001.5) - 1;
        (TensorSpec, byte[]) Tensor(string name, long[] shape, Func<int, double> value) => Values.Tensor(name, type, shape, value);

        yield return Tensor("model.embed_tokens.weight", [11, hidden], i => Number("embed", 0, i / hidden, i % hidden));
        yield return Tensor($"{block}.router.weight", [Experts, hidden], i => Number("router", 0, i / hidden, i % hidden));
        if (layout == "separate")
        {
            string[] words = family == "lfm2_moe" ? ["w1", "w3", "w2"] : ["gate_proj", "up_proj", "down_proj"];
            for (int expert = 0; expert < Experts; expert++)
            {
                int e = expert;
                foreach (var (word, matrix, rows, columns) in new[] { (words[0], "gate", inside, hidden), (words[1], "up", inside, hidden), (words[2], "down", hidden, inside) })
                {
                    yield return Tensor($"{block}.experts.{e}.{word}.weight", [rows, columns], i => Number(matrix, e, i / columns, i % columns));
                    if (hasBiases)
                        yield return Tensor($"{block}.experts.{e}.{word}.bias", [rows], i => Number(matrix.ToUpperInvariant(), e, i, 0));
                }
            }

            yield break;
        }

        bool isTransposed = layout != "plain";
        int both = 2 * inside;
        (string Matrix, int Row) Half(int at) => layout == "interleaved" ? (at % 2 == 0 ? "gate" : "up", at / 2) : (at < inside ? "gate" : "up", at % inside);
        double GateUp(int expert, int output, int input) => Number(Half(output).Matrix, expert, Half(output).Row, input);
        yield return isTransposed
            ? Tensor($"{block}.experts.gate_up_proj", [Experts, hidden, both], i => GateUp(i / (hidden * both), i % both, i / both % hidden))
            : Tensor($"{block}.experts.gate_up_proj", [Experts, both, hidden], i => GateUp(i / (hidden * both), i / hidden % both, i % hidden));
        yield return isTransposed
            ? Tensor($"{block}.experts.down_proj", [Experts, inside, hidden], i => Number("down", i / (hidden * inside), i % hidden, i / hidden % inside))
            : Tensor($"{block}.experts.down_proj", [Experts, hidden, inside], i => Number("down", i / (hidden * inside), i / inside % hidden, i % inside));
        if (!hasBiases)
            yield break;
        yield return Tensor($"{block}.experts.gate_up_proj_bias", [Experts, both], i => Number(Half(i % both).Matrix.ToUpperInvariant(), i / both, Half(i % both).Row, 0));
        yield return Tensor($"{block}.experts.down_proj_bias", [Experts, hidden], i => Number("DOWN", i / hidden, i % hidden, 0));
    }

    private static SortedDictionary<string, string> Read(ModelFolder folder, string model)
    {
        using var checkpoint = Checkpoint.Open(folder.PathOf(model));
        return new SortedDictionary<string, string>(
            checkpoint.Tensors.ToDictionary(tensor => $"{tensor.Spec.Name} {tensor.Spec.Type} {tensor.Spec.Shape}", tensor => Convert.ToHexString(folder.Bytes(model, tensor.Spec.Name))),
            StringComparer.Ordinal);
    }
}
