using DemEngine.Adapters;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Adapters that are extracted from models and combined, against dense decompositions and products.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class LoraExtractionTests
{
    private const string Matrix = "model.layers.0.mlp.up_proj.weight";
    private const string Tokens = "model.embed_tokens.weight";
    private const string Window = "conv.weight";
    private const string Norm = "model.norm.weight";

    [TestCase(Matrix, new long[] { 60, 40 }, 6)]
    [TestCase(Matrix, new long[] { 40, 60 }, 6)]
    [TestCase(Tokens, new long[] { 90, 24 }, 5)]
    [TestCase(Window, new long[] { 30, 6, 3, 3 }, 4)]
    public void Factors_come_as_near_as_any_of_their_rank_and_merge_back_within_the_stated_error(string name, long[] shape, int rank)
    {
        using ModelFolder folder = Folder(name, shape);
        WrittenAdapter made = Extract(folder, new RankChoice(rank, null), "lora");
        var (_, fit) = made.Modules.Single();
        double[] change = Change(folder, name);
        double best = Math.Sqrt(SquaresBeyond(change, (int)shape[0], rank)) / Norm2(change);
        Assert.That(fit.Error, Is.EqualTo(best).Within(0.001 * best), "the error is that of the best factors (Eckart and Young)");

        folder.Merge("{merge_method: passthrough, models: [{model: base+lora}], out_dtype: float32}", "back");
        double[] tuned = folder.Values("tuned", name), back = folder.Values("back", name);
        double distance = Norm2([.. tuned.Zip(back, (x, y) => x - y)]);
        Assert.That(distance, Is.EqualTo(fit.Error * fit.Norm).Within(1e-5 * fit.Norm), "merged back it is as far away as stated");
        Assert.That(fit.Norm, Is.EqualTo(Norm2(change)).Within(1e-6 * fit.Norm));
        Assert.That(folder.Values("back", Norm), Is.EqualTo(folder.Values("tuned", Norm)), "a vector is saved whole");
    }

    [Test]
    public void Experts_that_are_stored_in_one_tensor_are_refused_with_the_way_to_extract_them()
    {
        using ModelFolder folder = Folder("model.layers.0.mlp.experts.gate_up_proj", [3, 8, 6]);
        DemException error = Failing.With(ErrorCode.ExpertsTogether, () => Extract(folder, new RankChoice(2, null), "lora"));
        Assert.That(error.Tensor, Is.EqualTo("model.layers.0.mlp.experts.gate_up_proj"));
        Assert.That(error.Remedy, Does.Contain("--experts separate"));
    }

    [Test]
    public void A_change_of_rank_one_is_found_whole_however_alike_its_rows_are([Values(2, 4, 5, 16)] int size, [Values(1, 2)] int rank)
    {
        using var folder = new ModelFolder();
        for (int layer = 0; layer < 20; layer++)
        {
            string name = $"layers.{layer}.weight";
            folder.Model("base", Values.Tensor(name, ElementType.F32, [size, size], k => 1)).Model("tuned", Values.Tensor(name, ElementType.F32, [size, size], k => 3));
            var (_, fit) = Extract(folder, new RankChoice(rank, null), "lora").Modules.Single();
            Assert.That(fit.Error, Is.LessThan(1e-6), name);
            Directory.Delete(folder.PathOf("lora"), recursive: true);
        }
    }

    [Test]
    public void A_share_takes_the_least_rank_that_holds_it([Values(0.5, 0.9, 0.999, 1.0)] double energy)
    {
        using ModelFolder folder = Folder(Matrix, [60, 40]);
        var (_, fit) = Extract(folder, new RankChoice(null, energy), "lora").Modules.Single();
        double[] change = Change(folder, Matrix);
        double all = Math.Pow(Norm2(change), 2);
        Assert.That(1 - (SquaresBeyond(change, 60, fit.Rank) / all), Is.GreaterThanOrEqualTo(energy - 1e-6));
        if (energy < 1)
            Assert.That(1 - (SquaresBeyond(change, 60, fit.Rank - 1) / all), Is.LessThan(energy));
    }

    [Test]
    public void Bytes_do_not_show_the_number_of_threads_or_the_way_of_reading([Values(1, 2, 5)] int threads, [Values] IoMode io)
    {
        using ModelFolder folder = Folder(Matrix, [60, 40], Values.Random(Tokens, ElementType.BF16, [50, 40], 3));
        Extract(folder, new RankChoice(7, null), "first");
        Extract(folder, new RankChoice(7, null), "again", threads, io);
        Assert.That(folder.Files("again")["adapter_model.safetensors"], Is.EqualTo(folder.Files("first")["adapter_model.safetensors"]));
    }

    [Test]
    public void What_did_not_change_is_left_out()
    {
        using ModelFolder folder = Folder(Matrix, [60, 40]);
        using Checkpoint model = ModelWeights.Open(folder.PathOf("base"));
        using Checkpoint same = ModelWeights.Open(folder.PathOf("base"));
        WrittenAdapter made = LoraExtraction.Run(model, same, new RankChoice(3, null), ElementType.F32, new RunOptions(), new CpuBackend(), null, default);
        Assert.That(made.Modules, Is.Empty);
        Assert.That(made.Whole, Is.Empty);
        Assert.That(made.Remarks, Has.Some.Contain("the adapter is empty"));
    }

    [Test]
    public void Models_of_other_shapes_are_refused()
    {
        using ModelFolder folder = Folder(Matrix, [60, 40]);
        folder.Model("wide", Values.Random(Matrix, ElementType.F32, [60, 41], 1), Values.Random(Norm, ElementType.F32, [4], 1));
        folder.Model("less", Values.Random(Matrix, ElementType.F32, [60, 40], 1));
        foreach (var (name, code) in new[] { ("wide", ErrorCode.ShapeMismatch), ("less", ErrorCode.MissingTensor) })
        {
            using Checkpoint model = ModelWeights.Open(folder.PathOf("base")), other = ModelWeights.Open(folder.PathOf(name));
            Failing.With(code, () => LoraExtraction.Run(model, other, new RankChoice(3, null), ElementType.F32, new RunOptions(), new CpuBackend(), null, default));
        }
    }

    [TestCase(null, null)]
    [TestCase(0, null)]
    [TestCase(null, 0.0)]
    [TestCase(null, 1.5)]
    [TestCase(null, double.NaN)]
    public void Impossible_choices_are_refused(int? rank, double? energy) =>
        Failing.With(ErrorCode.BadArgument, () => new RankChoice(rank, energy).Check());

    [Test]
    public void Combined_adapters_are_the_sum_of_their_products([Values("PEFT", "one file")] string layout, [Values] bool isEmbedding)
    {
        using var folder = new ModelFolder();
        bool isPeft = layout == "PEFT";
        Assume.That(isPeft || !isEmbedding, "a single file has no embeddings");
        double[] expected = new double[20 * 30];
        string[] paths = [Adapter(folder, "a", 2, 4, isPeft, isEmbedding, 0.7, expected), Adapter(folder, "b", 3, 5, isPeft, isEmbedding, -0.4, expected)];
        using var first = Checkpoint.Open(paths[0]);
        using var second = Checkpoint.Open(paths[1]);
        WrittenAdapter made = AdapterCombination.Run(
            [new WeightedAdapter(first, 0.7), new WeightedAdapter(second, -0.4)], null, ElementType.F32, 2, default);
        Assert.That(made.Modules.Single().Fit.Rank, Is.EqualTo(5));
        Assert.That(made.Modules.Single().Fit.Error, Is.LessThan(2e-7), "side by side they lose one rounding");
        string path = isPeft ? folder.PathOf("sum") : folder.PathOf("sum.safetensors");
        AdapterFolder.Write(path, made, "base", model: null, overwrite: true);
        folder.Model("base", Values.Tensor(isEmbedding ? Tokens : Matrix, ElementType.F32, [20, 30], 0));
        folder.Merge($"{{merge_method: passthrough, models: [{{model: base, lora: {Path.GetFileName(path)}}}]}}", "out");
        double[] actual = folder.Values("out", isEmbedding ? Tokens : Matrix);
        Assert.That(Norm2([.. actual.Zip(expected, (x, y) => x - y)]), Is.LessThan(3e-7 * Norm2(expected)));

        var (_, cut) = AdapterCombination.Run(
            [new WeightedAdapter(first, 0.7), new WeightedAdapter(second, -0.4)], new RankChoice(2, null), ElementType.F32, 1, default).Modules.Single();
        double best = Math.Sqrt(SquaresBeyond(expected, 20, 2)) / Norm2(expected);
        Assert.That(cut.Error, Is.EqualTo(best).Within(1e-5), "cut it is the best of its rank");
    }

    [Test]
    public void An_adapter_that_another_process_writes_or_has_written_meanwhile_is_left_alone()
    {
        using var folder = new ModelFolder();
        using var adapter = Checkpoint.Open(Adapter(folder, "a", 2, 4, isPeft: true, isEmbedding: false, 1, new double[20 * 30]));
        WrittenAdapter made = AdapterCombination.Run([new WeightedAdapter(adapter, 1)], null, ElementType.F32, 1, default);
        string path = folder.PathOf("made");
        Task first;
        using (LinuxFile.HoldFolder(folder.PathOf(".")))
        {
            first = Task.Run(() => AdapterFolder.Write(path, made, "first", model: null, overwrite: false));
            Assert.That(first.Wait(TimeSpan.FromMilliseconds(200)), Is.False, "it writes beside another one");
            Assert.That(Directory.GetFileSystemEntries(folder.PathOf("."), "*made*"), Is.Empty);
        }

        Assert.That(first.Wait(TimeSpan.FromSeconds(30)));
        Failing.With(ErrorCode.OutputExists, () => AdapterFolder.Write(path, made, "second", model: null, overwrite: false));
        Assert.That(File.ReadAllText(Path.Combine(path, "adapter_config.json")), Does.Contain("first"));
        Assert.That(Directory.GetFileSystemEntries(folder.PathOf("."), ".*"), Is.Empty);
    }

    [Test]
    public void Adapters_that_are_no_products_or_of_other_shapes_are_not_combined()
    {
        using var folder = new ModelFolder();
        var none = new double[600];
        using var a = Checkpoint.Open(Adapter(folder, "a", 2, 4, isPeft: true, isEmbedding: false, 1, none));
        using var file = Checkpoint.Open(Adapter(folder, "c", 2, 4, isPeft: false, isEmbedding: false, 1, none));
        Failing.With(ErrorCode.AdapterDoesNotFit, () => AdapterCombination.Run([new(a, 1), new(file, 1)], null, ElementType.F32, 1, default));
        TestCheckpoint.Write(folder.PathOf("d"), [Values.Random("x.lora_down.weight", ElementType.F32, [2, 9], 1)]);
        using var half = Checkpoint.Open(folder.PathOf("d/model.safetensors"));
        Failing.With(ErrorCode.BadAdapter, () => AdapterCombination.Run([new(half, 1)], null, ElementType.F32, 1, default));
        TestCheckpoint.Write(folder.PathOf("e"), [Values.Random("x.hada_w1_a", ElementType.F32, [2, 9], 1)]);
        using var hadamard = Checkpoint.Open(folder.PathOf("e/model.safetensors"));
        Failing.With(ErrorCode.UnknownAdapter, () => AdapterCombination.Run([new(hadamard, 1)], null, ElementType.F32, 1, default));
    }

    [Test, Pairwise]
    public void Thin_products_are_those_of_plain_loops_at_every_width([Values(1, 3, 4, 9)] int rows, [Values(1, 7, 16, 33)] int columns, [Values(1, 16, 24, 40)] int rank)
    {
        var random = new Random(rows + columns + rank);
        float[] m = [.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        ThinMatrix byColumns = Thin(columns, rank, random), byRows = Thin(rows, rank, random);
        foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
        {
            var forward = new ThinMatrix(rows, rank);
            var backward = new ThinMatrix(columns, rank);
            for (int row = 0; row < rows; row++)
            {
                ThinProducts.Add(m.AsSpan(row * columns, columns), byColumns, forward, row, width);
                ThinProducts.AddTransposed(m.AsSpan(row * columns, columns), byRows, backward, row, width);
            }

            for (int k = 0; k < rank; k++)
            {
                for (int i = 0; i < rows; i++)
                    Assert.That(forward[i, k], Is.EqualTo(Enumerable.Range(0, columns).Aggregate(0.0, (sum, j) => sum + (m[(i * columns) + j] * byColumns[j, k]))));
                for (int j = 0; j < columns; j++)
                    Assert.That(backward[j, k], Is.EqualTo(Enumerable.Range(0, rows).Aggregate(0.0, (sum, i) => sum + (m[(i * columns) + j] * byRows[i, k]))));
            }

            var whole = new ThinMatrix(rows, rank);
            var transposed = new ThinMatrix(columns, rank);
            ThinProducts.Add(m, byColumns, whole, 0, width);
            ThinProducts.AddTransposed(m, byRows, transposed, 0, width);
            Assert.That(whole.Values, Is.EqualTo(forward.Values));
            Assert.That(transposed.Values, Is.EqualTo(backward.Values));
        }
    }

    private static ThinMatrix Thin(int rows, int columns, Random random)
    {
        var matrix = new ThinMatrix(rows, columns);
        for (int i = 0; i < rows; i++)
        {
            for (int k = 0; k < columns; k++)
                matrix[i, k] = (float)(random.NextDouble() - 0.5);
        }

        return matrix;
    }

    /// <summary>A base and a tuned model, whose difference has singular values that fall off.</summary>
    private static ModelFolder Folder(string name, long[] shape, params (TensorSpec Spec, byte[] Bytes)[] others)
    {
        var random = new Random(5);
        int rows = (int)shape[0], columns = (int)(shape.Aggregate(1L, (a, b) => a * b) / rows);
        var change = new double[rows * columns];
        for (int k = 0; k < 12; k++)
        {
            double[] left = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() - 0.5)];
            double[] right = [.. Enumerable.Range(0, columns).Select(_ => random.NextDouble() - 0.5)];
            for (int i = 0; i < change.Length; i++)
                change[i] += Math.Pow(0.6, k) * left[i / columns] * right[i % columns];
        }

        var own = Values.Random(name, ElementType.F32, shape, 1);
        double[] start = Values.Of(ElementType.F32, own.Bytes);
        return new ModelFolder()
            .Model("base", [own, Values.Tensor(Norm, ElementType.F32, [4], 1, 2, 3, 4), .. others])
            .Model(
                "tuned",
                [Values.Tensor(name, ElementType.F32, shape, i => start[i] + change[i]), Values.Tensor(Norm, ElementType.F32, [4], 1, 2, 3, 5), .. others.Select((one, k) => Values.Moved(one, k, ElementType.BF16))]);
    }

    private static WrittenAdapter Extract(ModelFolder folder, RankChoice choice, string output, int threads = 2, IoMode io = IoMode.Mmap)
    {
        using Checkpoint model = ModelWeights.Open(folder.PathOf("base"), io), tuned = ModelWeights.Open(folder.PathOf("tuned"), io);
        WrittenAdapter made = LoraExtraction.Run(model, tuned, choice, ElementType.F32, new RunOptions { Threads = threads }, new CpuBackend(), null, default);
        AdapterFolder.Write(folder.PathOf(output), made, "base", model.Tensors.Select(tensor => tensor.Spec.Name), overwrite: true);
        return made;
    }

    private static double[] Change(ModelFolder folder, string name) =>
        [.. folder.Values("tuned", name).Zip(folder.Values("base", name), (x, b) => (double)((float)x - (float)b))];

    /// <summary>Writes an adapter and adds its weighted dense product to what is expected.</summary>
    private static string Adapter(ModelFolder folder, string name, int rank, double alpha, bool isPeft, bool isEmbedding, double weight, double[] expected)
    {
        string module = isEmbedding ? Tokens[..^7] : Matrix[..^7];
        string start = isPeft ? $"base_model.model.{module}" : $"lora_unet_{module.Replace('.', '_')}";
        var a = Values.Random(isEmbedding ? $"{start}.lora_embedding_A" : isPeft ? $"{start}.lora_A.weight" : $"{start}.lora_down.weight", ElementType.F32, isEmbedding ? [rank, 20] : [rank, 30], rank);
        var b = Values.Random(isEmbedding ? $"{start}.lora_embedding_B" : isPeft ? $"{start}.lora_B.weight" : $"{start}.lora_up.weight", ElementType.F32, isEmbedding ? [30, rank] : [20, rank], rank + 1);
        double[] down = Values.Of(ElementType.F32, a.Bytes), up = Values.Of(ElementType.F32, b.Bytes);
        for (int i = 0; i < 20; i++)
        {
            for (int j = 0; j < 30; j++)
            {
                for (int k = 0; k < rank; k++)
                    expected[(i * 30) + j] += weight * alpha / rank * (isEmbedding ? down[(k * 20) + i] * up[(j * rank) + k] : up[(i * rank) + k] * down[(k * 30) + j]);
            }
        }

        TestCheckpoint.Write(folder.PathOf(name), isPeft ? [a, b] : [a, b, Values.Tensor($"{start}.alpha", ElementType.F32, [], alpha)]);
        if (!isPeft)
            return folder.PathOf($"{name}/model.safetensors");
        folder.File(name, "adapter_config.json", $$"""{"peft_type": "LORA", "r": {{rank}}, "lora_alpha": {{alpha}}}""");
        File.Move(folder.PathOf($"{name}/model.safetensors"), folder.PathOf($"{name}/adapter_model.safetensors"));
        return folder.PathOf($"{name}/adapter_model.safetensors");
    }

    private static double Norm2(double[] numbers) => Math.Sqrt(numbers.Sum(x => x * x));

    /// <summary>The sum of the squares of all singular values but the largest, by the eigenvalues of MᵀM or M·Mᵀ.</summary>
    private static double SquaresBeyond(double[] matrix, int rows, int rank)
    {
        int columns = matrix.Length / rows, least = Math.Min(rows, columns);
        var gram = new double[least, least];
        for (int i = 0; i < least; i++)
        {
            for (int j = 0; j < least; j++)
            {
                for (int k = 0; k < Math.Max(rows, columns); k++)
                    gram[i, j] += rows <= columns ? matrix[(i * columns) + k] * matrix[(j * columns) + k] : matrix[(k * columns) + i] * matrix[(k * columns) + j];
            }
        }

        return new SymmetricEigen(gram).Values.OrderDescending().Skip(rank).Sum(value => Math.Max(0, value));
    }
}
