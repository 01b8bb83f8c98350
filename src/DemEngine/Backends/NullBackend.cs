using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends;

/// <summary>
/// Backend that reads every input byte and writes every output byte but computes nothing, which shows what a merge costs apart
/// from its arithmetic. The output is the first input's bytes, not a merge.
/// </summary>
internal sealed class NullBackend : IMergeBackend
{
    /// <inheritdoc/>
    public string Name => "null";

    /// <inheritdoc/>
    public string Description => "reads and writes without arithmetic, for measuring";

    /// <inheritdoc/>
    public ITileWorker CreateWorker() => new Worker();

    /// <inheritdoc/>
    public void Dispose()
    {
        // There is nothing to release.
    }

    private sealed class Worker : ITileWorker, IDeltaWorker
    {
        private Vector512<byte> _seen;

        public IDeltaWorker Deltas => this;

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            Touch(inputs);
            if (inputs.Length > 0)
            {
                int length = Math.Min(inputs[0].Bytes.Length, output.Bytes.Length);
                inputs[0].Bytes.Span[..length].CopyTo(output.Bytes.Span);
            }

            return default;
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
        {
            Touch(inputs);
            leafSums.Clear();
        }

        public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output) =>
            Combine(LinearCombination.BaseAlone, inputs, output);

        // Counts all keys as the largest, so that thresholds are found there.
        public void Histogram(
            DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts)
        {
            Touch(inputs);
            int start = 0;
            foreach (KeyWindow window in windows)
            {
                uint bin = (DeltaKey.Largest - window.First) >> window.Shift;
                for (int at = (int)bin; bin < window.Bins && at < window.Counts; at += window.Bins)
                    counts[start + at] += (uint)inputs[0].Count;
                start += window.Counts;
            }
        }

        public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums)
        {
            Touch(inputs);
            leafSums.Clear();
        }

        public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks)
        {
            Touch(inputs);
            ranks.Clear();
        }

        public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences)
        {
            Touch(inputs);
            divergences.Clear();
        }

        public void Dispose() => GC.KeepAlive(_seen);

        private void Touch(ReadOnlySpan<TypedBytes> inputs)
        {
            // The first input is read where it is copied.
            for (int k = 1; k < inputs.Length; k++)
                _seen |= Touch(inputs[k].Bytes);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static Vector512<byte> Touch(NativeBytes bytes)
        {
            // Reads two vectors at a time and prefetches, so that nothing but the reading takes time.
            Vector512<byte> seen0 = default, seen1 = default;
            ReadOnlySpan<Vector512<byte>> words = MemoryMarshal.Cast<byte, Vector512<byte>>(bytes.Span);
            for (int i = 0; i + 1 < words.Length; i += 2)
            {
                bytes.PrefetchPage((nuint)i * 64);
                bytes.PrefetchPage((nuint)(i + 1) * 64);
                seen0 |= words[i];
                seen1 |= words[i + 1];
            }

            return seen0 | seen1;
        }
    }
}
