using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Tests.Reference;

/// <summary>The operations on filtered differences as their documentation words them, one element after the other.</summary>
internal static class ReferenceDeltas
{
    private const int Leaf = 4096;
    private const int Lanes = 256;

    public static NonFinite Combine(DeltaCombination combination, TypedBytes[] inputs, long first, ElementType outputType, Span<byte> output)
    {
        float[][] kept = Filtered(combination.Deltas, inputs, first);
        double[][] values = [.. inputs.Take(kept.Length + 1).Select(Values)];
        double[] b = values[0];
        var outputFloat = ReferenceFloat.Of(outputType);
        NonFinite nonFinite = default;
        for (int i = 0; i < b.Length; i++)
        {
            ulong result = outputFloat.Round(b[i] + Mixed(combination, [.. kept.Select(source => source[i])]));
            outputFloat.Store(output, i, result);
            if (!outputFloat.IsFinite(result))
            {
                nonFinite += new NonFinite(values.Count(input => !double.IsFinite(input[i])), 1);
            }
        }

        return nonFinite;
    }

    /// <summary>For each stream the key of every element.</summary>
    public static uint[][] Keys(DeltaKeys keys, TypedBytes[] inputs, long first)
    {
        float[][] deltas = [.. keys.Sources.Select((kind, k) => Deltas(kind, inputs[0], inputs[k + 1]))];
        return keys switch
        {
            MagnitudeKeys => [.. deltas.Select(source => source.Select(Key).ToArray())],
            VarianceKeys => [[.. Enumerable.Range(0, inputs[0].Count).Select(i => SpreadKey([.. deltas.Select(source => source[i])]))]],
            ImportanceKeys importance => [[.. deltas[0].Select((delta, i) => ImportanceKey(importance.Factors, delta, first + i))]],
            _ => throw new ArgumentException("not known", nameof(keys)),
        };
    }

    public static uint[] Histogram(DeltaKeys keys, TypedBytes[] inputs, long first, KeyWindow[] windows)
    {
        uint[][] streams = Keys(keys, inputs, first);
        return [.. windows.SelectMany(window => InBins(streams[window.Stream], window))];
    }

    private static uint[] InBins(uint[] keys, KeyWindow window)
    {
        uint[] bins = new uint[window.Bins];
        uint[] firsts = new uint[window.CountsFirsts ? window.Bins : 0];
        foreach (uint key in keys)
        {
            long bin = ((long)key - window.First) >> window.Shift;
            if (bin < 0 || bin >= bins.Length)
                continue;
            bins[bin]++;
            if (window.CountsFirsts && key == window.First + (bin << window.Shift))
                firsts[bin]++;
        }

        return [.. bins, .. firsts];
    }

    public static double[] Sums(SparseDeltas deltas, DeltaSum sum, TypedBytes[] inputs, long first)
    {
        float[][] all = [.. deltas.Sources.Select((source, k) => Deltas(source.Kind, inputs[0], inputs[k + 1]))];
        float[][] kept = Filtered(deltas, inputs, first);
        var sums = new List<double>();
        for (int start = 0; start < inputs[0].Count; start += Leaf)
        {
            for (int k = 0; k < all.Length; k++)
            {
                float[] ofLeaf = [.. kept[k].Skip(start).Take(Leaf)];
                switch (sum)
                {
                    case DeltaSum.Norms:
                        sums.Add(InOrder(all[k].Skip(start).Take(Leaf).Select(delta => Math.Abs((double)delta))));
                        sums.Add(InOrder(ofLeaf.Select(delta => Math.Abs((double)delta))));
                        break;
                    case DeltaSum.Squares:
                        sums.Add(InOrder(ofLeaf.Select(delta => (double)delta * delta)));
                        break;
                    default:
                        int[] others = [.. ofLeaf.Select((_, i) => kept.Count(source => source[start + i] != 0) - 1)];
                        sums.Add(ofLeaf.Where((delta, i) => delta != 0 && others[i] == 0).Count());
                        sums.Add(ofLeaf.Where((delta, i) => delta != 0 && others[i] > 0).Count());
                        break;
                }
            }
        }

        return [.. sums];
    }

    public static uint[] Ranks(TermKind kind, TypedBytes[] inputs, int row) =>
        [.. Deltas(kind, inputs[0], inputs[1]).Select(Key).Chunk(row).SelectMany(RanksIn)];

    private static uint[] RanksIn(uint[] keys)
    {
        uint[] ranks = new uint[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            for (int j = 0; j < keys.Length; j++)
            {
                if (keys[j] < keys[i] || (keys[j] == keys[i] && j > i))
                    ranks[i]++;
            }
        }

        return ranks;
    }

    private static double Mixed(DeltaCombination combination, float[] kept)
    {
        DeltaWeights[] weights = [.. combination.Weights];
        double[] weighted = [.. kept.Select((delta, k) => (double)weights[k].Weight * delta)];
        switch (combination.Mixing)
        {
            case Consensus.Sum:
                return Added(weighted);
            case Consensus.Overlap:
                int there = kept.Count(delta => delta != 0);
                return there <= 1 ? Added(weighted) : Added(kept.Select((delta, k) => (double)weights[k].Share * delta)) / there;
            default:
                double[] votes = [.. kept.Select((delta, k) => (double)weights[k].Vote * delta)];
                double sign = Added(votes) < 0 ? -1 : 1;
                bool[] agrees = [.. votes.Select(vote => !(sign * vote <= 0))];
                double sum = Added(weighted.Where((_, k) => agrees[k]));
                if (combination.Mixing == Consensus.Agreeing)
                    return sum;
                double divisor = Added(weights.Where((_, k) => agrees[k]).Select(weight => (double)weight.Share));
                return sum / (divisor == 0 ? 1 : divisor);
        }
    }

    private static float[][] Filtered(SparseDeltas deltas, TypedBytes[] inputs, long first)
    {
        float[][] all = [.. deltas.Sources.Select((source, k) => Deltas(source.Kind, inputs[0], inputs[k + 1]))];
        uint[] spread = deltas.Variance is null ? [] : Keys(new VarianceKeys([.. deltas.Sources.Select(source => source.Kind)]), inputs, first)[0];
        int ranksAt = all.Length + 1;
        return
        [
            .. all.Select((source, k) =>
            {
                DeltaMask filter = deltas.Sources[k].Filter;
                uint[] ranks = filter.NeedsRanks ? MemoryMarshal.Cast<byte, uint>(inputs[ranksAt++].Bytes.Span).ToArray() : [];
                return source.Select((delta, i) =>
                    deltas.Variance is { } cut && !IsAbove(cut, spread[i], first + i) && float.IsFinite(delta) ? 0 : Filtered(filter, delta, first + i, ranks.ElementAtOrDefault(i))).ToArray();
            }),
        ];
    }

    private static float Filtered(DeltaMask filter, float delta, long index, uint rank)
    {
        if (!float.IsFinite(delta))
            return delta;

        switch (filter)
        {
            case MagnitudeMask band:
                return IsAbove(band.Least, Key(delta), index) && !IsAbove(band.Most, Key(delta), index) ? delta : 0;
            case BernoulliMask random:
                return new Philox(random.Stream)[index] < random.Threshold ? delta : 0;
            case MagPruneMask ranked:
                ulong threshold = (ulong)(ranked.Lowest + ((UInt128)ranked.Step * rank / (1 << 30)));
                if (new Philox(ranked.Stream)[index] >= threshold)
                    return 0;
                return ranked.IsUnbiased ? (float)((double)delta * 4294967296.0 / threshold) : delta;
            case ImportanceMask importance:
                return IsAbove(importance.Least, ImportanceKey(importance.Factors, delta, index), index) ? delta : 0;
            case LimitMask limit:
                return Math.Abs(delta) > limit.Limit ? Math.CopySign(1, delta) < 0 ? -limit.Limit : limit.Limit : delta;
            default:
                return delta;
        }
    }

    private static bool IsAbove(Threshold cut, uint key, long index) => key > cut.Key || (key == cut.Key && index <= cut.LastTie);

    private static uint ImportanceKey(RowFactors factors, float delta, long index) =>
        Key((float)(Math.Abs((double)delta) * factors.Values[index / factors.RowElements]));

    private static uint SpreadKey(float[] deltas)
    {
        double sum = 0;
        for (int a = 0; a < deltas.Length; a++)
        {
            for (int b = a + 1; b < deltas.Length; b++)
            {
                float difference = (float)((double)deltas[a] - deltas[b]);
                double square = (double)difference * difference;
                sum += square;
            }
        }

        return double.IsNaN(sum) ? 0x7FF8_0000 : (uint)(BitConverter.DoubleToUInt64Bits(sum) >> 32);
    }

    private static uint Key(float delta) => float.IsNaN(delta) ? 0x7F80_0001 : BitConverter.SingleToUInt32Bits(Math.Abs(delta));

    private static float[] Deltas(TermKind kind, TypedBytes b, TypedBytes x)
    {
        double[] bases = Values(b);
        return [.. Values(x).Select((value, i) => (float)(kind == TermKind.RelativeToBase ? value - bases[i] : value))];
    }

    private static double[] Values(TypedBytes input)
    {
        var type = ReferenceFloat.Of(input.Type);
        double[] values = new double[input.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = type.Value(type.Load(input.Bytes.Span, i));
        return values;
    }

    private static double Added(IEnumerable<double> terms)
    {
        double sum = 0;
        foreach (double term in terms)
            sum += term;
        return sum;
    }

    private static double InOrder(IEnumerable<double> leaf)
    {
        double[] lanes = new double[Lanes];
        int j = 0;
        foreach (double value in leaf)
            lanes[j++ % Lanes] += value;
        for (int left = Lanes; left > 1; left /= 2)
            lanes = [.. lanes.Take(left / 2).Zip(lanes.Skip(left / 2), (lower, upper) => lower + upper)];
        return lanes[0];
    }
}
