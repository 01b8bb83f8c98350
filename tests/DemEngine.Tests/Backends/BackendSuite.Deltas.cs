using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>The operations on filtered differences.</summary>
public abstract partial class BackendSuite
{
    private static readonly int[] DeltaSizes = [0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 255, 257, 4095, 4096, 4097, 8193];

    [Test]
    public void Delta_combine_of_every_filter_and_mixing([ValueSource(nameof(Types))] ElementType type, [Values] Consensus mixing)
    {
        var random = new Random(21);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            for (int sources = 1; sources <= 5; sources++)
                CheckDeltaCombine(random, [type], type, sources, count: 100, kind, mixing);
            CheckDeltaCombine(random, [type], type, sources: 17, count: 40, kind, mixing);
        }
    }

    [Test]
    public void Delta_combine_from_every_type_to_every_type([ValueSource(nameof(Types))] ElementType input, [ValueSource(nameof(Types))] ElementType output)
    {
        var random = new Random(22);
        foreach (Consensus mixing in Enum.GetValues<Consensus>())
            CheckDeltaCombine(random, [input], output, sources: 2, count: 300, InputKind.Realistic, mixing);
    }

    [Test]
    public void Delta_combine_of_mixed_types([Values] Consensus mixing)
    {
        var random = new Random(23);
        ElementType[] types = [.. Types];
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            ElementType[] mixed = [.. Enumerable.Range(0, 5).Select(_ => types[random.Next(types.Length)])];
            CheckDeltaCombine(random, mixed, ElementType.BF16, sources: 4, count: 200, kind, mixing);
        }
    }

    [Test]
    public void Delta_combine_of_every_size([ValueSource(nameof(DeltaSizes))] int size)
    {
        var random = new Random(24);
        foreach (Consensus mixing in Enum.GetValues<Consensus>())
            CheckDeltaCombine(random, [ElementType.BF16], ElementType.BF16, sources: 2, size, InputKind.MostlyUnchanged, mixing);
    }

    [TestCase(1, 100)]
    [TestCase(3, 4097)]
    [TestCase(17, 700)]
    public void Several_combinations_of_the_same_differences(int combinations, int count)
    {
        var random = new Random(28);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            TermKind[] kinds = Kinds(random, 3);
            using var @case = new CombineCase(Linear(kinds), [ElementType.BF16], ElementType.BF16, count, 0);
            InputValues.Fill(@case, kind, random);
            int row = random.Next(1, 60);
            var deltas = new SparseDeltas([.. kinds.Select((term, k) => new SparseDelta(term, RandomDeltaFilter.Next(random, row, count, @case.Inputs[k + 1])))]);
            Consensus[] mixings = Enum.GetValues<Consensus>();
            DeltaCombination[] all =
            [
                .. Enumerable.Range(0, combinations).Select(k => new DeltaCombination(
                    deltas with { Sources = [.. deltas.Sources] }, [.. kinds.Select(_ => RandomDeltaFilter.Weights(random))], mixings[k % mixings.Length])),
            ];
            Assert.That(all.Select(combination => combination.Deltas).Distinct().Count(), Is.EqualTo(1));

            using var ranks = new RankTensors(deltas, count, random);
            TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements), .. ranks.Elements];
            int bytes = @case.Output.Bytes.Length;
            using var outputs = new NativeBuffer(combinations * bytes);
            var counts = new NonFinite[combinations];
            Worker.Deltas.CombineEach(
                all, inputs, first: 5, [.. all.Select((_, k) => new TypedBytes(ElementType.BF16, outputs.Bytes.Slice(k * bytes, bytes)))], counts);
            for (int k = 0; k < combinations; k++)
            {
                byte[] expected = new byte[bytes];
                NonFinite expectedCounts = ReferenceDeltas.Combine(all[k], inputs, 5, ElementType.BF16, expected);
                Assert.That(outputs.Bytes.Span.Slice(k * bytes, bytes).SequenceEqual(expected), $"{kind}, {k}");
                Assert.That(counts[k], Is.EqualTo(expectedCounts), $"{kind}, {k}");
            }
        }
    }

    /// <summary>Equal magnitudes are divided by their index, wherever that lies.</summary>
    [Test]
    public void Delta_combine_divides_ties([Values(0, 5, 4099)] int start)
    {
        var random = new Random(25);
        foreach (long last in new long[] { -1, 0, start - 1, start, start + 1, start + 31, start + 32, start + 40, start + 8000, long.MaxValue })
        {
            using var @case = new CombineCase(Linear([TermKind.RelativeToBase]), [ElementType.F32], ElementType.F32, 8100, 3);
            for (int i = 0; i < @case.Count; i++)
            {
                @case.Inputs[0].Set(i, 0);
                @case.Inputs[1].Set(i, (i % 3) - 1);
            }

            uint one = DeltaKey.Of(1);
            foreach (DeltaMask filter in new DeltaMask[] { new MagnitudeMask(new Threshold(one, last), Threshold.AboveAll), new MagnitudeMask(Threshold.BelowAll, new Threshold(one, last)) })
                CheckDeltas(@case, new DeltaCombination(new SparseDeltas([new SparseDelta(TermKind.RelativeToBase, filter)]), [new DeltaWeights(1, 1, 1)], Consensus.Sum), start);
        }
    }

    [Test]
    public void Histogram_of_every_kind_of_key([ValueSource(nameof(Types))] ElementType type)
    {
        var random = new Random(26);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            for (int sources = 1; sources <= 3; sources++)
            {
                TermKind[] kinds = Kinds(random, sources);
                using var @case = new CombineCase(Linear(kinds), [type], ElementType.F32, 700, random.Next(64));
                InputValues.Fill(@case, kind, random);
                CheckHistogram(@case, new MagnitudeKeys([.. kinds]), random);
                CheckHistogram(@case, new VarianceKeys([.. kinds]), random);
                CheckHistogram(@case, new ImportanceKeys(kinds[0], Factors(random, 7, 5000)), random);
            }
        }
    }

    [Test]
    public void Histogram_of_every_size([ValueSource(nameof(DeltaSizes))] int size)
    {
        var random = new Random(27);
        using var @case = new CombineCase(Linear([TermKind.RelativeToBase, TermKind.Plain]), [ElementType.BF16], ElementType.F32, size, 1);
        InputValues.Fill(@case, InputKind.MostlyUnchanged, random);
        CheckHistogram(@case, new MagnitudeKeys([TermKind.RelativeToBase, TermKind.Plain]), random);
    }

    [Test]
    public void Delta_sums([ValueSource(nameof(Types))] ElementType type, [Values] DeltaSum sum)
    {
        var random = new Random(28);
        foreach (InputKind kind in Enum.GetValues<InputKind>().Except([InputKind.RandomBits, InputKind.Special]))
        {
            for (int sources = 1; sources <= 3; sources++)
                CheckDeltaSums(random, [type], sources, count: 600, kind, sum);
        }
    }

    [Test]
    public void Delta_sums_of_every_size([ValueSource(nameof(DeltaSizes))] int size, [Values] DeltaSum sum) =>
        CheckDeltaSums(new Random(29), [ElementType.F16, ElementType.BF16], sources: 2, size, InputKind.MostlyUnchanged, sum);

    [Test]
    public void Ranks([ValueSource(nameof(Types))] ElementType type, [Values(1, 2, 17, 300, 4097)] int row)
    {
        var random = new Random(30);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            // The longest rows take most of the time: each type is tried with some kinds of them, and each kind with some types.
            if (row > 1000 && ((int)kind + (int)type) % 3 != 0)
                continue;

            // Where rows are short there are more of them than groups of threads, so that a group takes several.
            int rows = row > 1000 ? 1 : row == 17 ? 100 : 3;
            TermKind term = Kinds(random, 1)[0];
            using var @case = new CombineCase(Linear([term]), [type], ElementType.F32, rows * row, random.Next(64));
            InputValues.Fill(@case, kind, random);
            TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements)];
            uint[] ranks = new uint[@case.Count];
            Worker.Deltas.Rank(term, inputs, row, ranks);
            Assert.That(ranks, Is.EqualTo(ReferenceDeltas.Ranks(term, inputs, row)));
        }
    }

    [Test]
    public void Divergences([ValueSource(nameof(Types))] ElementType type, [Values(1, 9, 300)] int row)
    {
        var random = new Random(32);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            TermKind term = Kinds(random, 1)[0];
            using var @case = new CombineCase(Linear([term]), [type], ElementType.F32, row * 3, random.Next(64));
            InputValues.Fill(@case, kind, random);
            float[] divergences = new float[3];
            Worker.Deltas.Diverge(term, [.. @case.Inputs.Select(input => input.Elements)], row, divergences);
            for (int k = 0; k < divergences.Length; k++)
            {
                double[] original = new double[SoftmaxDivergence.Padded(row)];
                double[] tuned = new double[original.Length];
                for (int i = 0; i < row; i++)
                {
                    original[i] = @case.Inputs[0].Value((k * row) + i);
                    double x = @case.Inputs[1].Value((k * row) + i);
                    tuned[i] = term == TermKind.RelativeToBase ? x : original[i] + x;
                }

                Assert.That(divergences[k], Is.EqualTo(SoftmaxDivergence.Of(tuned, original, row)), $"{kind} {term}, row {k}");
            }
        }
    }

    private void CheckDeltaCombine(Random random, ElementType[] types, ElementType output, int sources, int count, InputKind kind, Consensus mixing)
    {
        TermKind[] kinds = Kinds(random, sources);
        using var @case = new CombineCase(Linear(kinds), types, output, count, random.Next(64));
        InputValues.Fill(@case, kind, random);
        int row = random.Next(1, 60);
        DeltaMask[] filters = [.. kinds.Select((_, k) => RandomDeltaFilter.Next(random, row, count, @case.Inputs[k + 1]))];
        Threshold? spread = random.Next(4) == 0 ? new Threshold(DeltaKey.OfSquares(random.NextDouble() * 1e-6), random.Next(count + 1)) : null;
        var deltas = new SparseDeltas([.. kinds.Zip(filters, (term, filter) => new SparseDelta(term, filter))], spread);
        DeltaWeights[] weights = [.. kinds.Select(_ => RandomDeltaFilter.Weights(random))];
        CheckDeltas(@case, new DeltaCombination(deltas, [.. weights], mixing), random.Next(3) == 0 ? 0 : random.Next(5000), random);
    }

    private void CheckDeltas(CombineCase @case, DeltaCombination combination, long first, Random? random = null)
    {
        using var ranks = new RankTensors(combination.Deltas, @case.Count, random);
        TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements), .. ranks.Elements];
        byte[] expected = new byte[@case.Output.Bytes.Length];
        NonFinite expectedCounts = ReferenceDeltas.Combine(combination, inputs, first, @case.Output.Elements.Type, expected);

        @case.Output.Bytes.Fill(0x5A);
        NonFinite counts = Worker.Deltas.Combine(combination, inputs, first, @case.Output.Elements);
        if (!@case.Output.Bytes.SequenceEqual(expected))
        {
            int index = @case.Output.Bytes.CommonPrefixLength(expected) / @case.Output.Float.Size;
            string values = string.Join(", ", @case.Inputs.Select(input => $"{input.Value(index):R}"));
            Assert.Fail(
                $"element {index} is {@case.Output[index]:X}, not {@case.Output.Float.Load(expected, index):X}, from {values}: {@case}, {combination.Mixing}, "
                + $"{string.Join("; ", combination.Deltas.Sources)}, {string.Join("; ", combination.Weights)}, spread {combination.Deltas.Variance}");
        }

        Assert.That(counts, Is.EqualTo(expectedCounts), $"{@case}");
        Assert.That(@case.Output.IsMarginIntact, $"{@case}");
    }

    private void CheckHistogram(CombineCase @case, DeltaKeys keys, Random random)
    {
        TypedBytes[] inputs = [.. @case.Inputs.Take(keys.Sources.Length + 1).Select(input => input.Elements)];
        uint[][] all = ReferenceDeltas.Keys(keys, inputs, first: 9);
        KeyWindow[] windows =
        [
            .. Enumerable.Range(0, keys.Streams).SelectMany(stream => (KeyWindow[])
            [
                new KeyWindow(stream, 0, 25, 64), Window(stream, all[stream], 0, 1, random), Window(stream, all[stream], 0, 40, random),
                Window(stream, all[stream], 9, 30, random), new KeyWindow(stream, 0, 0, 1), new KeyWindow(stream, 1u << 31, 31, 1),
                Window(stream, all[stream], 0, 1, random) with { Shift = 31 }, new KeyWindow(stream, 0, 15, 1 << 16, CountsFirsts: true),
                Window(stream, all[stream], 12, 20, random) with { CountsFirsts = true }, Window(stream, all[stream], 0, 1, random) with { CountsFirsts = true },
            ]),
        ];
        uint[] expected = ReferenceDeltas.Histogram(keys, inputs, first: 9, windows);
        uint[] counts = [.. expected.Select((_, k) => (uint)k)];
        Worker.Deltas.Histogram(keys, inputs, first: 9, windows, counts);
        for (int k = 0; k < counts.Length; k++)
            counts[k] -= (uint)k;

        // NUnit takes a microsecond for each.
        if (!counts.AsSpan().SequenceEqual(expected))
            Assert.That(counts, Is.EqualTo(expected), $"{keys}: {@case}");
    }

    /// <summary>A window about some key that occurs.</summary>
    private static KeyWindow Window(int stream, uint[] keys, int shift, int bins, Random random) =>
        new(stream, keys.Length == 0 ? 5 : keys[random.Next(keys.Length)] >> shift << shift, shift, bins);

    private void CheckDeltaSums(Random random, ElementType[] types, int sources, int count, InputKind kind, DeltaSum sum)
    {
        TermKind[] kinds = Kinds(random, sources);
        using var @case = new CombineCase(Linear(kinds), types, ElementType.F32, count, random.Next(64));
        InputValues.Fill(@case, kind, random);
        DeltaMask[] filters = [.. kinds.Select((_, k) => RandomDeltaFilter.Next(random, row: 50, count, @case.Inputs[k + 1]))];
        var deltas = new SparseDeltas([.. kinds.Zip(filters, (term, filter) => new SparseDelta(term, filter))]);
        using var ranks = new RankTensors(deltas, count, random);
        TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements), .. ranks.Elements];
        double[] expected = ReferenceDeltas.Sums(deltas, sum, inputs, first: 8192);
        double[] sums = new double[expected.Length];
        Worker.Deltas.Sums(deltas, sum, inputs, first: 8192, sums);
        Assert.That(sums.Select(Bits), Is.EqualTo(expected.Select(Bits)), $"{@case}: {deltas}");
    }

    /// <summary>All NaNs count as one.</summary>
    private static long Bits(double value) => double.IsNaN(value) ? -1 : BitConverter.DoubleToInt64Bits(value);

    private static TermKind[] Kinds(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(4) == 0 ? TermKind.Plain : TermKind.RelativeToBase)];

    /// <summary>With the same inputs; for filling them.</summary>
    private static LinearCombination Linear(TermKind[] kinds) => new(startsFromBase: true, [.. kinds.Select(kind => new Term(1, kind))]);

    private static RowFactors Factors(Random random, int row, int elements) => RandomDeltaFilter.Factors(random, row, elements);
}
