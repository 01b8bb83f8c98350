using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Analysis.Elements;

/// <summary>
/// Tensor of floating-point numbers whose statistics are computed, in leaves of a fixed size that are added in their order: the
/// result depends neither on tiles nor on threads.
/// </summary>
internal sealed class MeasuredTensor(TensorReader tensor) : PassTensor(tensor.Spec.Name, [tensor], 0, tensor.Spec.UnitCount)
{
    // A tile of any element type is a whole number of leaves.
    private const int LeafElements = 32_768;

    // Decoded blocks stay in the cache until they are measured.
    private const int BlockElements = 4096;

    private readonly Lock _lock = new();
    private ElementStatistics[]? _leaves;

    /// <summary>Statistics of the tensor, once the last tile is done.</summary>
    public ElementStatistics Result { get; private set; } = ElementStatistics.None;

    /// <summary>Whether a tensor's elements are numbers that are decoded.</summary>
    public static bool CanMeasure(TensorSpec spec) => spec.Type.IsFloat && spec.Type.Bits % 8 == 0;

    public override void Visit(int tile, long from, int elements, ITileContext workspace)
    {
        ElementStatistics[] leaves = Leaves();
        TypedBytes read = workspace.Read(tensor, from, elements);
        var doubles = new TypedBytes(ElementType.F64, workspace.Scratch(BlockElements * sizeof(double)));
        for (int start = 0; start < elements; start += LeafElements)
        {
            ElementStatistics leaf = ElementStatistics.None;
            int end = Math.Min(elements, start + LeafElements);
            for (int at = start; at < end; at += BlockElements)
            {
                int count = Math.Min(BlockElements, end - at);
                TypedBytes block = doubles.Slice(0, count);
                workspace.Worker.Combine(LinearCombination.BaseAlone, [read.Slice(at, count)], block);
                leaf = leaf.With(BlockStatistics.Of(MemoryMarshal.Cast<byte, double>(block.Bytes.Span)));
            }

            leaves[(from + start) / LeafElements] = leaf;
        }
    }

    public override void Finish()
    {
        foreach (ElementStatistics leaf in Leaves())
            Result = Result.With(leaf);
        _leaves = null;
    }

    private ElementStatistics[] Leaves()
    {
        lock (_lock)
            return _leaves ??= new ElementStatistics[(Count + LeafElements - 1) / LeafElements];
    }
}
