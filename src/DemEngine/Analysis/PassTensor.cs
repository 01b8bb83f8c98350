using DemEngine.Backends;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>
/// Tensor, or matching tensors of several checkpoints, that a pass visits tile by tile, from any thread and in any order.
/// </summary>
/// <param name="name">Name of the tensor in progress reports.</param>
/// <param name="inputs">Readers of the tensors, of which the same elements are read from each.</param>
/// <param name="first">Index of the first element that is visited.</param>
/// <param name="count">Number of elements that are visited.</param>
internal abstract class PassTensor(string name, IReadOnlyList<TensorReader> inputs, long first, long count)
{
    public string Name { get; } = name;

    public IReadOnlyList<TensorReader> Inputs { get; } = inputs;

    public long First { get; } = first;

    public long Count { get; } = count;

    /// <summary>Total size in bytes of one element of every input.</summary>
    public int ElementBytes { get; } = inputs.Sum(input => input.ElementBytes);

    /// <summary>Size in bytes of an element of the widest input, which fills a tile.</summary>
    public int WidestSize => Inputs.Max(input => input.Spec.Type.Size);

    /// <summary>Memory that a thread needs for a tile.</summary>
    public TensorDemand Demand
    {
        get
        {
            InputCost cost = InputCost.Of(Inputs);
            return new TensorDemand(
                WidestSize,
                cost.Buffers,
                cost.BufferElementBytes,
                Margin: 0,
                IMergeBackend.WorkerBytes(cost.Tensors, rowElements: 0))
            {
                Computing = cost.Computing,
            };
        }
    }

    /// <summary>Visits a tile.</summary>
    /// <param name="tile">
    /// Index of the tile. Tile 0 starts at <see cref="First"/>; all but the last have one size, in whole leaves.
    /// </param>
    /// <param name="from">Index of the tile's first element in the flattened tensor.</param>
    /// <param name="elements">Number of elements in the tile; 0 only for the single tile of an empty tensor.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    public abstract void Visit(int tile, long from, int elements, ITileContext workspace);

    /// <summary>Called once, after the last tile.</summary>
    public virtual void Finish()
    {
    }
}
