using DemEngine.Checkpoints;
using DemEngine.Memory;

namespace DemEngine.Merging.Inputs;

/// <summary>A tensor that is read tile by tile: one that lies in a file, or one that is made from others while it is read.</summary>
internal abstract class TensorReader(TensorSpec spec)
{
    public TensorSpec Spec { get; } = spec;

    /// <summary>The tensors that it is made from.</summary>
    public virtual IReadOnlyList<TensorReader> MadeFrom => [];

    /// <summary>Bytes that it reads from a file itself for each of its elements.</summary>
    public virtual int ElementBytes => 0;

    /// <summary>Whether <see cref="Read"/> needs room for what it gives.</summary>
    public abstract bool IsCopied { get; }

    /// <summary>All of it, where it lies in memory and is not too long to be taken at once.</summary>
    public virtual NativeBytes? InMemory => null;

    /// <summary>Gives a part. Called by <see cref="ITileContext.Read"/>, which remembers it until the next tile.</summary>
    /// <param name="first">Index of its first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="room">For as many elements where <see cref="IsCopied"/>, else unused.</param>
    /// <param name="context">The calling thread's.</param>
    public abstract TypedBytes Read(long first, int count, NativeBytes room, ITileContext context);

    /// <summary>Says that a part will be read soon.</summary>
    public abstract void WillNeed(long first, long count);

    /// <summary>The same tensor with other tensors in the place of those that it is made from, or of itself.</summary>
    /// <param name="replace">Gives what stands in for a tensor: the tensor itself where nothing does.</param>
    public virtual TensorReader Rebind(Func<TensorReader, TensorReader> replace) => replace(this);
}
