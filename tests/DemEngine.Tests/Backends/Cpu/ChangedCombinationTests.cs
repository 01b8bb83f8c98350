using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Backends.Cpu;

/// <summary>Sums of inputs that low-rank matrices change are those of the inputs computed beforehand, to the bit.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ChangedCombinationTests
{
    [Test, Pairwise]
    public void Changed_inputs_are_combined_as_if_they_were_computed_first(
        [Values] VectorWidth width,
        [Values(ElementType.BF16, ElementType.F16, ElementType.F32)] ElementType stored,
        [Values(ElementType.BF16, ElementType.F16)] ElementType output,
        [Values(3, 15, 64, 600, 1100)] int columns,
        [Values(1, 3, 5, 16)] int most,
        [Values(0, 7)] int skipped,
        [Values(1e-3, 0.1, 30)] double size,
        [Values("alone", "added", "both", "beside others", "base")] string inputs,
        [Values] bool startsFromBase,
        [Values] bool hasNonFinite)
    {
        int rank = Math.Min(most, columns / 3);
        var random = new Random(HashCode.Combine(columns, rank, skipped));
        const int Rows = 11;
        int count = (Rows * columns) - skipped - Math.Min(columns - 1, skipped / 2);
        using var memory = new Memory();
        var terms = new List<Term>();
        var of = new List<LowRankInput>();
        var elements = new List<TypedBytes>();
        if (startsFromBase)
            Add(inputs == "base" ? Matrix.Random(random, Rows, columns, rank, size, hasNonFinite) : null, isStored: true);
        foreach (bool isStored in inputs switch { "alone" => new[] { false, false, false }, "added" => [true, true], "base" => startsFromBase ? [] : [true], _ => [false, true] })
        {
            terms.Add(new Term(random.NextSingle() - 0.4f, TermKind.Plain));
            Add(Matrix.Random(random, Rows, columns, rank, size, hasNonFinite), isStored);
        }

        if (inputs == "beside others")
        {
            terms.Insert(0, new Term(0.3f, startsFromBase ? TermKind.RelativeToBase : TermKind.Plain));
            of.Insert(startsFromBase ? 1 : 0, new LowRankInput(stored, null));
            elements.Insert(startsFromBase ? 1 : 0, memory.Random(random, stored, count, hasNonFinite));
        }

        var combination = new LinearCombination(startsFromBase, [.. terms]);
        using var backend = new CpuBackend(width);
        using ITileWorker worker = backend.CreateWorker();
        Assert.That(worker.TakesChanges(combination, [.. of], output));
        TypedBytes made = memory.Of(output, count);
        TypedBytes expected = memory.Of(output, count);
        NonFinite counted = worker.CombineChanged(combination, [.. of], [.. elements], skipped, made);
        NonFinite expectedCount = worker.Combine(combination, [.. of.Zip(elements, Computed)], expected);
        Assert.Multiple(() =>
        {
            Assert.That(made.Bytes.Span.SequenceEqual(expected.Bytes.Span), "the same bytes");
            Assert.That(counted, Is.EqualTo(expectedCount));
        });

        void Add(Matrix? change, bool isStored)
        {
            of.Add(new LowRankInput(isStored ? stored : null, change));
            elements.Add(isStored ? memory.Random(random, stored, count, hasNonFinite) : default);
        }

        // The definition of AdaptedTensor and ChangeTensor: float32(w + s·Σ l·r), the sum in double.
        TypedBytes Computed(LowRankInput input, TypedBytes w)
        {
            if (input.Change is not Matrix change)
                return w;
            TypedBytes x = memory.Of(ElementType.F32, count);
            Span<float> values = MemoryMarshal.Cast<byte, float>(x.Bytes.Span);
            values.Clear();
            if (input.Stored is not null)
                FloatNumbers.Read(w.Type, w.Bytes.Span, values);
            for (int i = 0; i < count; i++)
            {
                int row = (skipped + i) / columns, column = (skipped + i) % columns;
                double sum = 0;
                for (int k = 0; k < rank; k++)
                    sum += change.Left[(row * rank) + k] * (double)change.Right[k, column];
                values[i] = (float)((sum * change.Scale) + values[i]);
            }

            return x;
        }
    }

    [Test]
    public void What_cannot_be_decided_in_binary32_is_left_to_others()
    {
        var matrix = Matrix.Random(new Random(1), 4, 20, 2, 1, hasNonFinite: false);
        using var backend = new CpuBackend();
        using ITileWorker worker = backend.CreateWorker();
        var sum = new LinearCombination(startsFromBase: true, new Term(1, TermKind.Plain));
        var relative = new LinearCombination(startsFromBase: true, new Term(1, TermKind.RelativeToBase));
        LowRankInput stored = new(ElementType.BF16, null), change = new(null, matrix), added = new(ElementType.BF16, matrix);
        Assert.Multiple(() =>
        {
            Assert.That(worker.TakesChanges(sum, [stored, change], ElementType.BF16));
            var empty = Matrix.Random(new Random(1), 4, 20, 0, 1, hasNonFinite: false);
            Assert.That(worker.TakesChanges(sum, [stored, new(null, empty)], ElementType.BF16), Is.False, "factors without numbers");
            Assert.That(worker.TakesChanges(sum, [stored, change], ElementType.F32), Is.False, "a wide output");
            Assert.That(worker.TakesChanges(sum, [stored, new(ElementType.F16, matrix)], ElementType.BF16), Is.False, "two types");
            Assert.That(worker.TakesChanges(sum, [new(ElementType.F64, null), change], ElementType.BF16), Is.False, "a wide input");
            Assert.That(worker.TakesChanges(relative, [added, stored], ElementType.BF16), Is.False, "a difference from a changed base");
            Assert.That(worker.TakesChanges(relative, [stored, added], ElementType.BF16), Is.False, "a difference of a changed tensor");
        });
    }

    private sealed class Matrix(int columns, int rank, double[] left, PackedFactor right) : ILowRankMatrix
    {
        public int Columns => columns;

        public int Rank => rank;

        public double Scale => -1.7;

        public PackedFactor Right => right;

        public FactorUse UseRight() => new(right);

        public double[] Left => left;

        public static Matrix Random(Random random, int rows, int columns, int rank, double size, bool hasNonFinite)
        {
            double[] left = [.. Enumerable.Range(0, rows * rank).Select(_ => (double)(float)((random.NextDouble() - 0.5) * size))];
            var right = new PackedFactor(rank, columns);
            for (int k = 0; k < rank; k++)
            {
                for (int j = 0; j < columns; j++)
                    right[k, j] = random.NextSingle() - 0.5f;
            }

            if (hasNonFinite)
                (left[^1], right[0, columns / 2]) = (double.NaN, float.PositiveInfinity);
            return new Matrix(columns, rank, left, right);
        }

        public void ReadLeft(int firstRow, int rows, Span<double> into) => left.AsSpan(firstRow * rank, rows * rank).CopyTo(into);
    }

    private sealed class Memory : IDisposable
    {
        private readonly List<NativeBuffer> _buffers = [];

        public TypedBytes Of(ElementType type, int count)
        {
            _buffers.Add(new NativeBuffer(count * type.Size));
            return new TypedBytes(type, _buffers[^1].Bytes);
        }

        public TypedBytes Random(Random random, ElementType type, int count, bool hasNonFinite)
        {
            using var singles = new NativeBuffer(count * sizeof(float));
            Span<float> values = MemoryMarshal.Cast<byte, float>(singles.Bytes.Span);
            for (int i = 0; i < count; i++)
                values[i] = (random.NextSingle() - 0.5f) / 10;
            if (hasNonFinite)
                values[count / 3] = float.NegativeInfinity;
            TypedBytes stored = Of(type, count);
            using var backend = new CpuBackend();
            using ITileWorker worker = backend.CreateWorker();
            worker.Combine(LinearCombination.BaseAlone, [new TypedBytes(ElementType.F32, singles.Bytes)], stored);
            return stored;
        }

        public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());
    }
}
