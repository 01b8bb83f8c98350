using System.Numerics;
using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends;

/// <summary>
/// Reads every input byte and writes every output byte, and computes nothing: what a merge costs apart from its arithmetic. The output
/// is the first input's bytes, which is no merge.
/// </summary>
public sealed class NullBackend : IMergeBackend
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
        // Nothing is held.
    }

    private sealed class Worker : ITileWorker
    {
        private Vector<byte> _seen;

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

        public void Dispose() => GC.KeepAlive(_seen);

        private void Touch(ReadOnlySpan<TypedBytes> inputs)
        {
            // The first input is read by being copied.
            for (int k = 1; k < inputs.Length; k++)
            {
                foreach (Vector<byte> word in MemoryMarshal.Cast<byte, Vector<byte>>(inputs[k].Bytes.Span))
                    _seen |= word;
            }
        }
    }
}
