using DemEngine.Adapters;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Adapters of all experts of a layer (PEFT's <c>target_parameters</c>) against dense products in double.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ExpertParameterTests
{
    private const int Experts = 3;
    private const int Rank = 2;
    private const string Block = "model.layers.0.mlp";
    private const string Both = "\"target_parameters\": [\"experts.gate_up_proj\", \"experts.down_proj\"]";

    [Test]
    public void Both_parameters_are_told_by_their_shapes_whichever_is_wrapped_first(
        [Values] bool isTransposed, [Values] bool isDownInside, [Values] bool isSquare)
    {
        // With hidden = 2·inside gates and ups are square, and the downs say which way round the matrices lie.
        var (hidden, inside) = isSquare ? (8, 4) : (7, 5);
        using var folder = new ModelFolder();
        folder.Model(
            "base",
            Weight($"{Block}.experts.gate_up_proj", isTransposed ? [Experts, hidden, 2 * inside] : [Experts, 2 * inside, hidden]),
            Weight($"{Block}.experts.down_proj", isTransposed ? [Experts, inside, hidden] : [Experts, hidden, inside]));
        var gateUp = new Pair($"{Block}.experts{(isDownInside ? "" : ".base_layer")}", 2 * inside, hidden, 1);
        var down = new Pair($"{Block}.experts{(isDownInside ? ".base_layer" : "")}", hidden, inside, 2);
        Adapter(folder, Both, gateUp, down);
        for (int expert = 0; expert < Experts; expert++)
        {
            foreach (var (name, pair) in new[] { ("gate_up_proj", gateUp), ("down_proj", down) })
            {
                double[] change = Change(folder, $"{Block}.experts.{name}");
                double[] own = change[(expert * change.Length / Experts)..((expert + 1) * change.Length / Experts)];
                double[] product = pair.Product(expert);
                Same(own, isTransposed ? Transposed(product, pair.Outputs, pair.Inputs) : product);
            }
        }
    }

    [Test]
    public void Experts_that_the_model_stores_one_by_one_take_their_parts(
        [Values] bool isMixtral, [Values("", "language_model.")] string before, [Values] bool isTransposed)
    {
        const int hidden = 7, inside = 5;
        string block = before + (isMixtral ? "model.layers.0.block_sparse_moe" : Block);
        string[] words = isMixtral ? ["w1", "w3", "w2"] : ["gate_proj", "up_proj", "down_proj"];
        using var folder = new ModelFolder();
        folder.Model(
            "base",
            [
                .. Enumerable.Range(0, Experts).SelectMany(expert => words.Select((word, k) => Weight(
                    $"{block}.experts.{expert}.{word}.weight", k == 2 ? [hidden, inside] : [inside, hidden]))),
            ]);

        // PEFT before 0.19 took the dimensions the other way round.
        Pair gateUp = isTransposed ? new Pair($"{Block}.experts.base_layer", hidden, 2 * inside, 1) : new Pair($"{Block}.experts.base_layer", 2 * inside, hidden, 1);
        Pair down = isTransposed ? new Pair($"{Block}.experts", inside, hidden, 2) : new Pair($"{Block}.experts", hidden, inside, 2);
        Adapter(folder, Both, gateUp, down);
        for (int expert = 0; expert < Experts; expert++)
        {
            double[] both = Straight(gateUp, expert);
            Same(Change(folder, $"{block}.experts.{expert}.{words[0]}.weight"), both[..(inside * hidden)]);
            Same(Change(folder, $"{block}.experts.{expert}.{words[1]}.weight"), both[(inside * hidden)..]);
            Same(Change(folder, $"{block}.experts.{expert}.{words[2]}.weight"), Straight(down, expert));
        }

        double[] Straight(Pair pair, int expert) =>
            isTransposed ? Transposed(pair.Product(expert), pair.Outputs, pair.Inputs) : pair.Product(expert);
    }

    [Test]
    public void Modules_of_single_experts_change_their_part_of_a_tensor_for_all()
    {
        const int hidden = 7, inside = 5;
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.gate_up_proj", [Experts, hidden, 2 * inside]), Weight($"{Block}.experts.down_proj", [Experts, inside, inside]));
        var first = new Pair($"{Block}.experts.gate_up_projs.0", 2 * inside, hidden, 1, experts: 1);
        var last = new Pair($"{Block}.experts.gate_up_projs.2", 2 * inside, hidden, 2, experts: 1);
        var square = new Pair($"{Block}.experts.down_projs.1", inside, inside, 3, experts: 1);
        Adapter(folder, "\"bias\": \"none\"", first, last, square);
        double[] change = Change(folder, $"{Block}.experts.gate_up_proj");
        Same(change[..70], Transposed(first.Product(0), 2 * inside, hidden));
        Assert.That(change[70..140], Is.All.Zero, "an expert without factors");
        Same(change[140..], Transposed(last.Product(0), 2 * inside, hidden));
        Same(Change(folder, $"{Block}.experts.down_proj")[25..50], Transposed(square.Product(0), inside, inside));
    }

    [Test]
    public void Patterns_name_the_parameter()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.down_proj", [Experts, 7, 5]));
        var down = new Pair($"{Block}.experts", 7, 5, 1);
        Adapter(folder, $"{Both}, \"rank_pattern\": {{\"experts\": 9, \"experts.down_proj\": {Rank}}}, \"alpha_pattern\": {{\"down_proj\": 6}}", down);
        Same(Change(folder, $"{Block}.experts.down_proj")[..35], [.. down.Product(0).Select(x => x * 3)]);
    }

    [Test]
    public void What_shapes_leave_open_is_refused()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.gate_up_proj", [Experts, 8, 8]), Weight($"{Block}.experts.down_proj", [Experts, 8, 4]));
        Adapter(folder, Both, new Pair($"{Block}.experts", 8, 8, 1));
        Assert.That(Failing.With(ErrorCode.UnknownAdapter, () => Change(folder, "")).Message, Does.Contain("square"));
    }

    [Test]
    public void Factors_of_experts_without_gates_fit_both_parameters_and_are_refused()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.up_proj", [Experts, 8, 4]), Weight($"{Block}.experts.down_proj", [Experts, 4, 8]));
        Adapter(folder, "\"target_parameters\": [\"experts.up_proj\", \"experts.down_proj\"]", new Pair($"{Block}.experts", 8, 4, 1));
        Assert.That(Failing.With(ErrorCode.UnknownAdapter, () => Change(folder, "")).Message, Does.Contain("more than one"));
    }

    [Test]
    public void Factors_of_another_number_of_experts_do_not_fit()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.down_proj", [Experts + 2, 7, 5]));
        Adapter(folder, Both, new Pair($"{Block}.experts", 7, 5, 1));
        Failing.With(ErrorCode.AdapterDoesNotFit, () => Change(folder, ""));
    }

    [Test]
    public void Two_pairs_of_factors_of_one_parameter_are_refused()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Weight($"{Block}.experts.down_proj", [Experts, 7, 5]));
        Adapter(folder, Both, new Pair($"{Block}.experts", 7, 5, 1), new Pair($"{Block}.experts.base_layer", 7, 5, 2));
        Failing.With(ErrorCode.BadAdapter, () => Change(folder, ""));
    }

    [Test]
    public void Adapters_of_parameters_are_not_added_up_without_their_model()
    {
        using var folder = new ModelFolder();
        Adapter(folder, Both, new Pair($"{Block}.experts", 7, 5, 1));
        using Checkpoint adapter = Checkpoint.Open(AdapterFiles.Find(folder.PathOf("lora")));
        DemException error = Failing.With(
            ErrorCode.UnknownAdapter,
            () => AdapterCombination.Run([new WeightedAdapter(adapter, 1)], choice: null, ElementType.F32, threads: 1, CancellationToken.None));
        Assert.That(error.Remedy, Does.Contain("lora: ADAPTER"));
    }

    private static (TensorSpec Spec, byte[] Bytes) Weight(string name, long[] shape) => Values.Random(name, ElementType.F32, shape, 9, 0.1);

    private static void Adapter(ModelFolder folder, string settings, params Pair[] pairs)
    {
        TestCheckpoint.Write(folder.PathOf("lora"), [.. pairs.SelectMany(pair => new[] { pair.Down, pair.Up })]);
        File.Move(Path.Combine(folder.PathOf("lora"), "model.safetensors"), Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
        folder.File("lora", "adapter_config.json", $$"""{"peft_type": "LORA", "r": {{Rank}}, "lora_alpha": {{Rank}}, {{settings}}}""");
    }

    /// <summary>What the adapter adds to a tensor of the model, by itself.</summary>
    private static double[] Change(ModelFolder folder, string tensor)
    {
        using Checkpoint model = ModelWeights.Open($"{folder.PathOf("base")}+{folder.PathOf("lora")}", IoMode.Pread);
        StoredTensor change = model.Find(tensor)!.Origin!.Adaptation!.Change!;
        var bytes = new byte[change.Spec.ByteLength];
        change.Peek(0, bytes);
        return Values.Of(ElementType.F32, bytes);
    }

    private static void Same(double[] actual, double[] expected) =>
        Assert.That(actual, Is.EqualTo(expected.Select(x => (double)(float)x).ToArray()));

    private static double[] Transposed(double[] matrix, int rows, int columns) =>
        [.. Enumerable.Range(0, rows * columns).Select(k => matrix[(k % rows * columns) + (k / rows)])];

    /// <summary>
    /// The factors of a module: A [experts·rank, inputs], expert by expert, and B [outputs, rank·experts], expert after expert for
    /// each rank.
    /// </summary>
    private sealed class Pair(string module, int outputs, int inputs, int seed, int experts = Experts)
    {
        public int Outputs => outputs;

        public int Inputs => inputs;

        public (TensorSpec Spec, byte[] Bytes) Down { get; } =
            Values.Random($"base_model.model.{module}.lora_A.weight", ElementType.F32, [experts * Rank, inputs], seed, 0.1);

        public (TensorSpec Spec, byte[] Bytes) Up { get; } =
            Values.Random($"base_model.model.{module}.lora_B.weight", ElementType.F32, [outputs, Rank * experts], seed + 10, 0.1);

        public double[] Product(int expert)
        {
            double[] a = Values.Of(ElementType.F32, Down.Bytes), b = Values.Of(ElementType.F32, Up.Bytes);
            var product = new double[outputs * inputs];
            for (int o = 0; o < outputs; o++)
            {
                for (int i = 0; i < inputs; i++)
                {
                    for (int p = 0; p < Rank; p++)
                        product[(o * inputs) + i] += b[(o * Rank * experts) + (p * experts) + expert] * a[(((expert * Rank) + p) * inputs) + i];
                }
            }

            return product;
        }
    }
}
