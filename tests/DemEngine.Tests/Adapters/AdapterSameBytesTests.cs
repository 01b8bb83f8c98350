using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Nothing but the models, the adapters and the recipe shows in what is merged of adapters.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class AdapterSameBytesTests
{
    private const int Leaf = ContentHash.LeafBytes;

    private readonly Dictionary<string, byte[]> _first = [];
    private ModelFolder _folder = null!;

    [OneTimeSetUp]
    public void WriteTheModels()
    {
        _folder = new ModelFolder();
        _folder.Model("base", Values.Random("x.weight", ElementType.BF16, [300, 257], 1), Values.Random("y.weight", ElementType.BF16, [64, 513], 2));
        for (int k = 0; k < 3; k++)
        {
            string folder = $"lora{k}";
            TestCheckpoint.Write(
                _folder.PathOf(folder),
                [
                    Values.Random("x.lora_A.weight", ElementType.F32, [5, 257], k, 0.1), Values.Random("x.lora_B.weight", ElementType.F32, [300, 5], k, 0.1),
                    Values.Random("y.lora_A.weight", ElementType.BF16, [5, 513], k, 0.1), Values.Random("y.lora_B.weight", ElementType.BF16, [64, 5], k, 0.1),
                ]);
            File.Move(Path.Combine(_folder.PathOf(folder), "model.safetensors"), Path.Combine(_folder.PathOf(folder), "adapter_model.safetensors"));
            _folder.File(folder, "adapter_config.json", """{"peft_type": "LORA", "r": 5, "lora_alpha": 3}""");
        }
    }

    [OneTimeTearDown]
    public void DeleteTheModels() => _folder.Dispose();

    [Test, Pairwise]
    public void Files_do_not_show_how_they_were_made(
        [Values("task_arithmetic", "ties", "linear", "model_stock", "della")] string method,
        [Values(1, 2, 3)] int threads,
        [Values(1, 3 * Leaf, 1 << 20)] int tileBytes,
        [Values] IoMode io,
        [Values] VectorWidth width)
    {
        var options = new RunOptions { Threads = threads, TileBytes = tileBytes, Io = io, Overwrite = true };
        string models = string.Join(", ", Enumerable.Range(0, 3).Select(k => $"{{model: base+lora{k}, parameters: {{weight: 0.{k + 3}, density: 0.6}}}}"));
        _folder.Merge($"{{merge_method: {method}, base_model: base, models: [{models}]}}", method, options, backend: new CpuBackend(width));
        byte[] bytes = _folder.Files(method)["model.safetensors"];
        if (_first.TryAdd(method, bytes))
            return;
        Assert.That(bytes.AsSpan().SequenceEqual(_first[method]), $"{method} made the same bytes");
    }

    [Test]
    public void Factors_that_do_not_fit_into_the_memory_are_read_in_parts([Values("linear", "ties")] string method, [Values(IoMode.Mmap, IoMode.Pread)] IoMode io)
    {
        using var folder = new ModelFolder();
        folder.Model("base", Values.Random("x.weight", ElementType.BF16, [40, 3000], 1));
        TestCheckpoint.Write(folder.PathOf("lora"), [Values.Random("x.lora_A.weight", ElementType.F32, [200, 3000], 1, 0.1), Values.Random("x.lora_B.weight", ElementType.F32, [40, 200], 2, 0.1)]);
        File.Move(Path.Combine(folder.PathOf("lora"), "model.safetensors"), Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
        folder.File("lora", "adapter_config.json", """{"peft_type": "LORA", "r": 200, "lora_alpha": 3}""");
        string recipe = $"{{merge_method: {method}, base_model: base, models: [{{model: base+lora, parameters: {{weight: 0.7, density: 0.5}}}}]}}";
        var little = new RunOptions { MaxMemoryBytes = 20_000_000, Threads = 2, Io = io };
        folder.Merge(recipe, "whole", new RunOptions { Io = io });
        folder.Merge(recipe, "parts", little);
        Assert.That(folder.Files("parts")["model.safetensors"], Is.EqualTo(folder.Files("whole")["model.safetensors"]));

        // The bound says what the factors take, and that they do not fit into less.
        using (var plan = folder.Plan(recipe, little))
            Assert.That(plan.Plan.BufferBytes(little), Is.LessThanOrEqualTo(20_000_000));
        using (var plan = folder.Plan(recipe))
            Assert.That(plan.Plan.BufferBytes(new RunOptions { Threads = 1 }), Is.GreaterThan(2 * 200 * 3000 * sizeof(float)));
        Failing.With(ErrorCode.BadArgument, () => folder.Merge(recipe, "none", little with { MaxMemoryBytes = 3_000_000 }));
    }

    [Test, Pairwise]
    public void Products_do_not_show_the_width_of_vectors(
        [Values(0, 1, 2, 7, 64)] int rank,
        [Values(1, 3, 4, 9, 17)] int rows,
        [Values(1, 4, 15, 16, 17, 100)] int columns,
        [Values(0, 3, 16, 31)] int firstColumn,
        [Values(1.7, -0.5)] double scale)
    {
        var random = new Random(rank + rows + columns);
        double[] left = [.. Enumerable.Range(0, rows * rank).Select(_ => (double)(float)(random.NextDouble() - 0.5))];
        var right = new PackedFactor(rank, firstColumn + columns + 1);
        for (int k = 0; k < rank; k++)
        {
            for (int j = 0; j < firstColumn + columns + 1; j++)
                right[k, j] = (float)(random.NextDouble() - 0.5);
        }

        float[] start = [.. Enumerable.Range(0, rows * (columns + 2)).Select(_ => (float)random.NextDouble())];
        float[] expected = [.. start];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = 0;
                for (int k = 0; k < rank; k++)
                    sum += left[(i * rank) + k] * right[k, firstColumn + j];
                ref float y = ref expected[(i * (columns + 2)) + j];
                y = (float)(y + (scale * sum));
            }
        }

        foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
        {
            float[] sums = [.. start];
            LowRankProduct.Add(left, right, firstColumn, scale, new MatrixPart(sums, rows, columns, columns + 2), false, width);
            Assert.That(sums, Is.EqualTo(expected), width.ToString());
            LowRankProduct.Add(left, right, firstColumn, scale, new MatrixPart(sums, rows, columns, columns + 2), true, width);
            float[] again = [.. sums];
            for (int i = 0; i < rows; i++)
                again.AsSpan(i * (columns + 2), columns).Clear();
            LowRankProduct.Add(left, right, firstColumn, scale, new MatrixPart(again, rows, columns, columns + 2), false, width);
            Assert.That(sums, Is.EqualTo(again), $"{width} from zero");
        }
    }
}
