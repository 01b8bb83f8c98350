using System.Globalization;
using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>What is gone over several times is read once, and made once, as far as memory goes.</summary>
public sealed class InputCacheTests
{
    // The buffers of the tiles, and not a tensor beside them.
    private const long Scarce = 12_000_000;
    private const int Rows = 3072;

    private readonly CpuBackend _cpu = new();

    [OneTimeTearDown]
    public void Dispose() => _cpu.Dispose();

    [Test]
    public void Each_element_is_read_once_whatever_is_asked_for_by_how_many_threads()
    {
        var input = new CountedInput(100_003);
        using var memory = new BufferPool<NativeBuffer>(1 << 20, length => new NativeBuffer(length));
        using var held = new InputCache([input], partElements: 4096, memory, _cpu);
        Parallel.For(0, 8, thread =>
        {
            using var workspace = new TileWorkspace(_cpu, outputs: 0, outputBytes: 0, inputBytes: 0);
            var random = new Random(thread);
            for (int k = 0; k < 200; k++)
            {
                int first = random.Next(100_003);
                int count = random.Next(Math.Min(20_000, 100_003 - first) + 1);
                workspace.StartTile(held);
                Assert.That(CountedInput.IsRight(first, workspace.Read(input, first, count)), $"{first} {count}");
            }
        });
        Assert.That(input.ElementsRead, Is.EqualTo(100_003));
    }

    [Test]
    public void What_does_not_fit_is_read_each_time_and_room_is_given_back()
    {
        using var memory = new BufferPool<NativeBuffer>(500_000, length => new NativeBuffer(length));
        using var workspace = new TileWorkspace(_cpu, outputs: 0, outputBytes: 0, inputBytes: 0);
        for (int round = 0; round < 3; round++)
        {
            var (first, second) = (new CountedInput(100_000), new CountedInput(100_000));
            using var held = new InputCache([first, second], partElements: 100_000, memory, _cpu);
            Assert.That(held.HasAll, Is.False);
            for (int k = 0; k < 2; k++)
            {
                workspace.StartTile(held);
                Assert.That(CountedInput.IsRight(0, workspace.Read(first, 0, 50_000)) && CountedInput.IsRight(0, workspace.Read(second, 0, 50_000)));
            }

            Assert.That((first.ElementsRead, second.ElementsRead), Is.EqualTo((100_000L, 100_000L)), "one whole, the other's half twice");
        }
    }

    /// <summary>As the system counts what the process reads, which is why nothing else runs meanwhile.</summary>
    [Test, NonParallelizable, Platform("Linux")]
    public void Files_are_read_once_for_all_passes([Values("ties", "dare_ties", "model_stock")] string method)
    {
        using ModelFolder folder = Family();
        string parameters = method == "model_stock" ? "" : "parameters: {density: 0.3, weight: 0.6}\n";
        string recipe = $"merge_method: {method}\nbase_model: base\n{parameters}models: [{{model: a}}, {{model: b}}]";
        var options = new RunOptions { Io = IoMode.Pread, Threads = 1, Overwrite = true };
        long once = ReadBy(folder, "merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: base}, {model: a}, {model: b}]", "once", options);
        Assert.That(ReadBy(folder, recipe, method, options), Is.InRange(once * 19 / 20, once * 21 / 20));
        Assert.That(ReadBy(folder, recipe, $"{method}-scarce", options with { MaxMemoryBytes = Scarce }), Is.GreaterThan(once * 7 / 4));
        Assert.That(folder.Bytes(method, "w").AsSpan().SequenceEqual(folder.Bytes($"{method}-scarce", "w")));
    }

    [Test]
    public void Earlier_recipes_results_are_made_once_for_all_passes([Values] IoMode io)
    {
        using ModelFolder folder = Family();
        const string recipe = "name: sum\nmerge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n---\n"
            + "merge_method: dare_ties\nbase_model: base\nparameters: {density: 0.3, weight: 0.6}\nmodels: [{model: sum}, {model: b}]";
        long MadeWith(RunOptions options)
        {
            using var counting = new CountingBackend(_cpu);
            folder.Merge(recipe, $"sums-{options.MaxMemoryBytes}", options with { Io = io }, backend: counting);
            return counting.Combined;
        }

        Assert.That(MadeWith(new RunOptions()), Is.EqualTo(Rows * 1024));
        Assert.That(MadeWith(new RunOptions { MaxMemoryBytes = Scarce, Threads = 1 }), Is.EqualTo(2 * Rows * 1024), "for the norms, and for the sum");
    }

    /// <summary>Models of one tensor of 12 MB each, with many equal differences.</summary>
    private static ModelFolder Family()
    {
        var folder = new ModelFolder();
        var spec = new TensorSpec("w", ElementType.F32, new TensorShape([Rows, 1024]));
        foreach (var (name, seed) in new[] { ("base", 1), ("a", 2), ("b", 3) })
        {
            var random = new Random(seed);
            float[] values = [.. Enumerable.Range(0, Rows * 1024).Select(_ => random.Next(-40, 40) / 64f)];
            folder.Model(name, (spec, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        }

        return folder;
    }

    /// <summary>The second time, when all that the process needs itself is there.</summary>
    private static long ReadBy(ModelFolder folder, string recipe, string output, RunOptions options)
    {
        folder.Merge(recipe, output, options);
        long before = BytesRead();
        folder.Merge(recipe, output, options);
        return BytesRead() - before;
    }

    private static long BytesRead() =>
        long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("rchar: ", StringComparison.Ordinal))["rchar: ".Length..], CultureInfo.InvariantCulture);

    /// <summary>A tensor whose elements tell their place, and which counts those that are read.</summary>
    private sealed class CountedInput(long elements) : TensorReader(new TensorSpec("t", ElementType.F32, new TensorShape([elements])))
    {
        private long _read;

        public long ElementsRead => _read;

        public override bool IsCopied => true;

        public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext workspace)
        {
            var part = new TypedBytes(ElementType.F32, room);
            Span<int> places = MemoryMarshal.Cast<byte, int>(room.Span);
            for (int k = 0; k < count; k++)
                places[k] = (int)first + k;
            Interlocked.Add(ref _read, count);
            return part;
        }

        public override void WillNeed(long first, long count)
        {
        }

        public static bool IsRight(int first, TypedBytes part)
        {
            ReadOnlySpan<int> places = MemoryMarshal.Cast<byte, int>(part.Bytes.Span);
            for (int k = 0; k < places.Length; k++)
            {
                if (places[k] != first + k)
                    return false;
            }

            return true;
        }
    }

    /// <summary>Counts the elements of linear combinations.</summary>
    private sealed class CountingBackend(IMergeBackend backend) : IMergeBackend
    {
        private long _combined;

        public long Combined => _combined;

        public string Name => backend.Name;

        public string Description => backend.Description;

        public ITileWorker CreateWorker() => new Worker(this, backend.CreateWorker());

        public void Dispose()
        {
        }

        private sealed class Worker(CountingBackend counting, ITileWorker worker) : ITileWorker
        {
            public IDeltaWorker Deltas => worker.Deltas;

            public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
            {
                Interlocked.Add(ref counting._combined, output.Count);
                return worker.Combine(combination, inputs, output);
            }

            public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums) => worker.Gram(relativeToBase, inputs, leafSums);

            public void Dispose() => worker.Dispose();
        }
    }
}
