using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Keeps infinities that all models have in the same place, such as the bounds of buffers that clip nothing. They belong to the
/// model and say the same in each, whereas arithmetic would make NaNs of their differences.
/// </summary>
internal static class SharedInfinities
{
    private const int BlockElements = 4096;

    /// <summary>Writes the shared infinities of a part that has been made.</summary>
    /// <param name="sources">Inputs of the tensor.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="output">Elements that were made.</param>
    /// <param name="made">Counts of infinities and NaNs in them.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts without the elements that are kept.</returns>
    public static NonFinite Keep(TensorSources sources, long first, TypedBytes output, NonFinite made, ITileContext workspace)
    {
        if (made.Outputs == 0)
            return made;

        long kept = 0;
        long keptInputs = 0;
        foreach (Segment segment in sources.Segments)
        {
            long from = Math.Max(first, segment.First);
            long to = Math.Min(first + output.Count, segment.End);
            for (long start = from; start < to; start += BlockElements)
            {
                int count = (int)Math.Min(BlockElements, to - start);
                int inBlock = KeepBlock(sources, segment, start, output.Slice((int)(start - first), count), workspace);
                kept += inBlock;
                keptInputs += (long)inBlock * Inputs(sources, segment).Count(input => !input.IsVector);
            }
        }

        // Where a count leaves out an input that only repeats another, what remains is not negative.
        long outputs = made.Outputs - kept;
        return new NonFinite(outputs == 0 ? 0 : Math.Max(0, made.Inputs - keptInputs), outputs);
    }

    /// <summary>Makes the difference of equal infinities 0, so that base plus difference is the tuned model again.</summary>
    /// <param name="b">Elements of the base.</param>
    /// <param name="x">Elements of the tuned model.</param>
    /// <param name="output">Their differences.</param>
    /// <param name="made">Counts of infinities and NaNs in them.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts without the differences that became 0.</returns>
    public static NonFinite Cancel(TypedBytes b, TypedBytes x, TypedBytes output, NonFinite made, ITileContext workspace)
    {
        if (made.Outputs == 0)
            return made;

        long cancelled = 0;
        double[] before = new double[BlockElements];
        double[] after = new double[BlockElements];
        for (int start = 0; start < output.Count; start += BlockElements)
        {
            int count = Math.Min(BlockElements, output.Count - start);
            Decode(b.Slice(start, count), before, workspace);
            Decode(x.Slice(start, count), after, workspace);
            for (int i = 0; i < count; i++)
            {
                if (!double.IsInfinity(before[i]) || before[i] != after[i])
                    continue;
                output.Slice(start + i, 1).Bytes.Span.Clear();
                cancelled++;
            }
        }

        return new NonFinite(made.Inputs - (2 * cancelled), made.Outputs - cancelled);
    }

    private static int KeepBlock(TensorSources sources, Segment segment, long first, TypedBytes output, ITileContext workspace)
    {
        int count = output.Count;
        double[] shared = new double[count];
        double[] values = new double[count];
        Decode(output, values, workspace);
        bool[] isOpen = [.. values.Select(value => !double.IsFinite(value))];
        if (!isOpen.Contains(true))
            return 0;

        bool isFirst = true;
        foreach (var (tensor, isVector) in Inputs(sources, segment))
        {
            Decode(workspace.Read(tensor, first, count), values, workspace);
            for (int i = 0; i < count; i++)
            {
                if (isFirst)
                    (isOpen[i], shared[i]) = (isOpen[i] && double.IsInfinity(values[i]), values[i]);
                else
                    isOpen[i] &= values[i] == (isVector ? 0 : shared[i]);
            }

            isFirst = false;
        }

        int kept = 0;
        using var room = new NativeBuffer(sizeof(double));
        var one = new TypedBytes(ElementType.F64, room.Bytes);
        for (int i = 0; i < count; i++)
        {
            if (!isOpen[i])
                continue;
            MemoryMarshal.Cast<byte, double>(room.Bytes.Span)[0] = shared[i];
            workspace.Worker.Combine(LinearCombination.BaseAlone, [one], output.Slice(i, 1));
            kept++;
        }

        return kept;
    }

    /// <summary>Tensors that the elements are made from, with a flag for stored differences; the base comes first.</summary>
    private static IEnumerable<(TensorReader Tensor, bool IsVector)> Inputs(TensorSources sources, Segment segment)
    {
        if (sources.IsRelative)
            yield return (sources.Base, false);
        for (int k = 0; k < segment.Sources.Length; k++)
        {
            if (segment.Sources[k] is { } tensor)
                yield return (tensor, sources.IsRelative && sources.IsVector[k]);
            else if (!sources.IsRelative)
                yield return (sources.Base, false);
        }
    }

    private static void Decode(TypedBytes part, double[] values, ITileContext workspace)
    {
        using var room = new NativeBuffer(part.Count * sizeof(double));
        workspace.Worker.Combine(LinearCombination.BaseAlone, [part], new TypedBytes(ElementType.F64, room.Bytes));
        MemoryMarshal.Cast<byte, double>(room.Bytes.Span).CopyTo(values);
    }
}
