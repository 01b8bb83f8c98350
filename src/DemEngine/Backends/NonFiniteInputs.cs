using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends;

/// <summary>
/// Counts, after an operation, the inputs that are not finite where a result is not. Such results are rare, so that operations
/// which would have to keep their inputs for this count only their results.
/// </summary>
internal static class NonFiniteInputs
{
    /// <summary>Counts the non-finite elements of the inputs whose result is not finite.</summary>
    /// <param name="inputs">Inputs of floating-point types.</param>
    /// <param name="start">Index in each input of the element that belongs to the first result.</param>
    /// <param name="output">Results to examine.</param>
    /// <param name="worker">Worker that converts to double.</param>
    public static long Count(ReadOnlySpan<TypedBytes> inputs, int start, TypedBytes output, ITileWorker worker)
    {
        using var room = new NativeBuffer(output.Count * sizeof(double));
        var doubles = new TypedBytes(ElementType.F64, room.Bytes);
        ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(room.Bytes.Span);
        worker.Combine(LinearCombination.BaseAlone, [output], doubles);
        bool[] isHit = new bool[output.Count];
        for (int i = 0; i < isHit.Length; i++)
            isHit[i] = !double.IsFinite(values[i]);

        long hits = 0;
        foreach (TypedBytes input in inputs)
        {
            worker.Combine(LinearCombination.BaseAlone, [input.Slice(start, output.Count)], doubles);
            for (int i = 0; i < isHit.Length; i++)
                hits += isHit[i] && !double.IsFinite(values[i]) ? 1 : 0;
        }

        return hits;
    }
}
