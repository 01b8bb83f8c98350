using DemEngine.Merging.Inputs;

namespace DemEngine.Analysis;

/// <summary>A tensor, or tensors of several checkpoints that match, to be looked at tile by tile, by any thread, in any order.</summary>
/// <param name="name">For the progress.</param>
/// <param name="inputs">What is read: the same elements of each.</param>
/// <param name="first">The first element to be looked at.</param>
/// <param name="count">How many.</param>
internal abstract class PassTensor(string name, IReadOnlyList<TensorReader> inputs, long first, long count)
{
    public string Name { get; } = name;

    public IReadOnlyList<TensorReader> Inputs { get; } = inputs;

    public long First { get; } = first;

    public long Count { get; } = count;

    /// <summary>Bytes of one element of every input.</summary>
    public int ElementBytes { get; } = inputs.Sum(input => input.ElementBytes);

    /// <summary>Looks at a tile.</summary>
    /// <param name="tile">Its index. Tile 0 starts at <see cref="First"/>; all but the last are of one size, whole leaves.</param>
    /// <param name="from">Its first element, in the flattened tensor.</param>
    /// <param name="elements">How many; 0 only in the one tile of an empty tensor.</param>
    /// <param name="workspace">The calling thread's.</param>
    public abstract void Visit(int tile, long from, int elements, ITileContext workspace);

    /// <summary>Called once, after the last tile.</summary>
    public virtual void Finish()
    {
    }
}
